// The draft against the version in force, alert by alert; and what rules on trial ring beside those in force.
import { useSignal, type Signal } from '@preact/signals';
import { useEffect } from 'preact/hooks';
import { get, type Problem } from '../core/api';
import { areaText, clock, nameOfArea, number } from '../core/format';
import { Empty, Failed, Loading, SeverityMark } from '../core/marks';
import { linkTo } from '../core/router';
import { rules } from '../core/store';
import type { Alert, AlertPage, RuleSource } from '../core/types';
import { t, term, text } from '../core/words';
import type { Difference, Story } from './backtest';
import { Progress, useBacktest } from './running';

const FACTS = [
  ['draft_alerts', 'alerts'],
  ['force_alerts', 'alerts_against'],
  ['same', 'same'],
  ['changed', 'changed'],
  ['only_here', 'only_here'],
  ['only_against', 'only_against'],
] as const;

export function Compare({ rule, draft, faults }: { rule: RuleSource; draft: Signal<string>; faults: Signal<number> }) {
  const answer = useSignal<Difference | null>(null),
    backtest = useBacktest();
  const run = () =>
    backtest.ask({ text: draft.value, rule: rule.id, against: true }, found => {
      answer.value = found.difference ?? null;
    });
  const told = answer.value?.rules.find(r => r.rule === rule.id) ?? answer.value?.rules[0];
  const pairs = answer.value?.alerts.filter(a => a.rule === rule.id) ?? [];
  return (
    <section class="trial" aria-labelledby="compare-title">
      <h2 id="compare-title">{t('compare')}</h2>
      <p>
        <button
          type="button"
          class="button first"
          disabled={backtest.since.value > 0 || faults.value > 0 || draft.value === rule.text}
          onClick={() => void run()}
        >
          {t('run_compare')}
        </button>
        {draft.value === rule.text && <span class="soft"> {t('nothing_changed')}</span>}
      </p>
      <Progress of={backtest} retry={() => void run()} />
      {told && (
        <dl class="told-facts">
          {FACTS.map(([word, field]) => (
            <div key={word}>
              <dt>{t(word)}</dt>
              <dd>{number(told[field])}</dd>
            </div>
          ))}
        </dl>
      )}
      {pairs.length > 0 && (
        <table class="pairs">
          <caption class="unseen">{t('compare')}</caption>
          <thead>
            <tr>
              <th scope="col">{t('change')}</th>
              <th scope="col">{t('draft')}</th>
              <th scope="col">{t('in_force')}</th>
            </tr>
          </thead>
          <tbody>
            {pairs.slice(0, 100).map((p, i) => (
              <tr key={i}>
                <td>
                  {term('change', p.change)}
                  {p.differs.length > 0 && <div class="soft">{p.differs.map(d => term('differs', d)).join(' · ')}</div>}
                </td>
                <td>
                  <Told story={p.here} />
                </td>
                <td>
                  <Told story={p.against} />
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      )}
    </section>
  );
}

function Told({ story }: { story: Story | null }) {
  if (!story) return <span class="soft">–</span>;
  return (
    <>
      <SeverityMark severity={story.severity} bare /> {clock(story.opened_at)} {story.town && nameOfArea(story.town)}
      <div class="soft">
        {story.ended_at ? `${term('reason', story.reason)} ${clock(story.ended_at)}` : t('still_open')}
      </div>
    </>
  );
}

export function Shadow({ rule }: { rule: RuleSource }) {
  const alerts = useSignal<Alert[] | null>(null),
    problem = useSignal<Problem | null>(null);
  const read = () =>
    get<AlertPage>('/api/v1/alerts', { shadow: true, limit: 500 }).then(
      page => {
        alerts.value = page.alerts;
        problem.value = null;
      },
      (error: unknown) => {
        problem.value = error as Problem;
      },
    );
  useEffect(() => {
    void read();
  }, [rule.id]);
  if (problem.value) return <Failed problem={problem.value} retry={() => void read()} />;
  if (!alerts.value) return <Loading />;
  const onTrial = (a: Alert) => rules.value.get(a.rule)?.mode === 'shadow';
  const left = alerts.value.filter(a => !onTrial(a) && (rule.mode === 'shadow' || a.rule === rule.id));
  const right = alerts.value.filter(a => onTrial(a) && (rule.mode !== 'shadow' || a.rule === rule.id));
  return (
    <section class="trial" aria-labelledby="shadow-title">
      <h2 id="shadow-title">{t('shadow_beside')}</h2>
      <div class="beside">
        <Side title={rule.mode === 'shadow' ? t('real_alerts') : t('alerts_of', { rule: rule.id })} alerts={left} />
        <Side title={rule.mode === 'shadow' ? t('shadow_of', { rule: rule.id }) : t('shadow_alerts')} alerts={right} />
      </div>
    </section>
  );
}

function Side({ title, alerts }: { title: string; alerts: Alert[] }) {
  return (
    <div>
      <h3>
        {title} <span class="soft">{alerts.length}</span>
      </h3>
      {alerts.length === 0 ? (
        <Empty title={t('none')} />
      ) : (
        <ul class="related">
          {alerts.slice(0, 100).map(a => (
            <li key={a.alert_id}>
              <a href={linkTo('alerts', a.alert_id)}>
                <SeverityMark severity={a.severity} bare />
                <span class="related-what">
                  <b>{text(a.name) || a.rule}</b> {text(a.summary)}
                </span>
                <span class="soft">
                  {clock(a.opened_at)} {areaText(a.area)}
                </span>
              </a>
            </li>
          ))}
        </ul>
      )}
    </div>
  );
}
