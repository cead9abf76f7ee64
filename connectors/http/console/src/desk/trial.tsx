// A parameter's values tried in one run over the past: the slider goes through what came back, without asking again.
import { computed, useSignal, type Signal } from '@preact/signals';
import { clock, lasting, nameOfArea, number, share } from '../core/format';
import { SeverityMark } from '../core/marks';
import { SEVERITIES, type Param, type RuleSource } from '../core/types';
import { t } from '../core/words';
import type { Accuracy, Backtest, Result } from './backtest';
import { Progress, useBacktest } from './running';
import { readValues, valuesAround } from './values';

const numeric = (p: Param) => valuesAround(p.default).length > 0;

export function Trial({ rule, draft, faults }: { rule: RuleSource; draft: Signal<string>; faults: Signal<number> }) {
  const params = rule.params.filter(numeric);
  const param = useSignal(params[0]?.name ?? ''),
    values = useSignal(valuesAround(params[0]?.default).join(', '));
  const answer = useSignal<Backtest | null>(null),
    index = useSignal(0),
    asked = useSignal(''),
    backtest = useBacktest();

  const choose = (name: string) => {
    param.value = name;
    values.value = valuesAround(params.find(p => p.name === name)?.default).join(', ');
    answer.value = null;
  };
  const inForce = String(params.find(p => p.name === param.value)?.default ?? '');
  const run = () => {
    const list = readValues(values.value),
      text = draft.value;
    return backtest.ask(
      {
        rule: rule.id,
        ...(text !== rule.text && { text }),
        ...(list.length > 0 && param.value && { set: `${rule.id}.${param.value}=${list.join(',')}` }),
      },
      found => {
        answer.value = found;
        asked.value = text;
        index.value = Math.max(
          0,
          resultsOf(found, rule.id).findIndex(r => r.value === inForce),
        );
      },
    );
  };
  const results = answer.value ? resultsOf(answer.value, rule.id) : [];
  const chosen = results[Math.min(index.value, results.length - 1)];
  return (
    <section class="trial" aria-labelledby="trial-title">
      <h2 id="trial-title">{t('try_values')}</h2>
      <form
        class="trial-form"
        onSubmit={event => {
          event.preventDefault();
          void run();
        }}
      >
        {params.length > 0 && (
          <label>
            {t('parameter')}
            <select value={param.value} onChange={e => choose(e.currentTarget.value)}>
              {params.map(p => (
                <option key={p.name} value={p.name}>
                  {p.name}
                </option>
              ))}
            </select>
          </label>
        )}
        {params.length > 0 && (
          <label class="grow">
            {t('values_tried')}
            <input
              value={values.value}
              spellcheck={false}
              onInput={e => {
                values.value = e.currentTarget.value;
              }}
            />
          </label>
        )}
        <button class="button first" disabled={backtest.since.value > 0 || faults.value > 0}>
          {t('run_backtest')}
        </button>
      </form>
      {faults.value > 0 && <p class="soft">{t('mend_first')}</p>}
      <Progress of={backtest} retry={() => void run()} />
      {!answer.value && !backtest.problem.value && backtest.since.value === 0 && <p class="soft">{t('trial_intro')}</p>}
      {answer.value && chosen && (
        <>
          {asked.value !== draft.value && (
            <p class="stale" role="status">
              {t('trial_stale')}
            </p>
          )}
          {results.length > 1 && (
            <Slider results={results} index={index} inForce={inForce} param={answer.value.param ?? param.value} />
          )}
          <Told result={chosen} days={answer.value.days} most={Math.max(...results.map(r => r.alerts_a_day), 0.001)} />
          <p class="soft">
            {t('backtest_span', {
              from: clock(answer.value.from),
              until: clock(answer.value.until),
              n: number(answer.value.events),
            })}
          </p>
          {results.length > 1 && <SweepTable results={results} index={index} inForce={inForce} />}
        </>
      )}
    </section>
  );
}

const resultsOf = (answer: Backtest, rule: string): Result[] =>
  answer.results.filter(r => r.rule === rule || r.rule.startsWith(`${rule}?`) || answer.results.length === 1);

function Slider({
  results,
  index,
  inForce,
  param,
}: {
  results: Result[];
  index: Signal<number>;
  inForce: string;
  param: string;
}) {
  const chosen = results[Math.min(index.value, results.length - 1)]!;
  const W = 100,
    H = 36,
    most = Math.max(...results.map(r => r.alerts_a_day), 0.001);
  const x = (i: number) => (results.length === 1 ? W / 2 : (i / (results.length - 1)) * W),
    y = (v: number) => H - 2 - (v / most) * (H - 6);
  const accuracy = results.every(r => r.accuracy && r.accuracy.precision !== null);
  return (
    <div class="slider">
      <svg
        class="slider-chart"
        viewBox={`0 0 ${W} ${H}`}
        preserveAspectRatio="none"
        role="img"
        aria-label={t('a_day_by_value')}
      >
        <polyline class="s-line" points={results.map((r, i) => `${x(i)},${y(r.alerts_a_day)}`).join(' ')} />
        {accuracy && (
          <polyline
            class="s-recall"
            points={results.map((r, i) => `${x(i)},${H - 2 - (r.accuracy!.recall ?? 0) * (H - 6)}`).join(' ')}
          />
        )}
        <line class="s-at" x1={x(index.value)} x2={x(index.value)} y1="0" y2={H} />
      </svg>
      <input
        type="range"
        min={0}
        max={results.length - 1}
        step={1}
        value={index.value}
        aria-label={param}
        aria-valuetext={`${param} = ${chosen.value}`}
        onInput={event => {
          index.value = Number(event.currentTarget.value);
        }}
      />
      <p class="slider-value">
        <code>{param}</code> = <b class="sweep-value">{chosen.value}</b>
        {chosen.value === inForce && <span class="soft"> · {t('in_force')}</span>}
        {accuracy && (
          <span class="legend soft">
            <span>
              <i class="k-value" />
              {t('alerts_a_day')}
            </span>
            <span>
              <i class="k-bound" />
              {t('recall')}
            </span>
          </span>
        )}
      </p>
    </div>
  );
}

function Told({ result, days, most }: { result: Result; days: number; most: number }) {
  const widest = Math.max(...result.by_area.map(a => a.alerts), 1);
  return (
    <div class="told">
      <div class="big">
        <b class="a-day">{number(result.alerts_a_day, 2)}</b>
        <span>{t('alerts_a_day')}</span>
        <span class="soft">{t('alerts_in_days', { n: number(result.alerts), days: number(days, 1) })}</span>
        <svg class="bar" viewBox="0 0 100 8" preserveAspectRatio="none" aria-hidden="true">
          <rect y="2" width="100" height="4" class="bar-ground" />
          <rect y="2" width={(100 * result.alerts_a_day) / most} height="4" class="bar-value" />
        </svg>
      </div>
      <dl class="told-facts">
        {SEVERITIES.map(s =>
          result.by_severity[s] ? (
            <div key={s}>
              <dt>
                <SeverityMark severity={s} />
              </dt>
              <dd>{number(result.by_severity[s])}</dd>
            </div>
          ) : null,
        )}
        <div>
          <dt>{t('reopened')}</dt>
          <dd>{number(result.reopened)}</dd>
        </div>
        <div>
          <dt>{t('median_open')}</dt>
          <dd>{lasting(result.median_open_seconds)}</dd>
        </div>
        {result.muted > 0 && (
          <div>
            <dt>{t('muted')}</dt>
            <dd>{number(result.muted)}</dd>
          </div>
        )}
      </dl>
      {result.accuracy && <Hits accuracy={result.accuracy} />}
      {result.by_area.length > 0 && (
        <table class="by-town">
          <caption class="unseen">{t('by_town')}</caption>
          <thead class="unseen">
            <tr>
              <th scope="col">{t('town')}</th>
              <th scope="col">{t('share')}</th>
              <th scope="col">{t('alerts')}</th>
            </tr>
          </thead>
          <tbody>
            {[...result.by_area]
              .sort((a, b) => b.alerts - a.alerts)
              .map(a => (
                <tr key={a.town}>
                  <th scope="row">{a.name || nameOfArea(a.town) || t('no_area')}</th>
                  <td>
                    <svg class="bar" viewBox="0 0 100 8" preserveAspectRatio="none" aria-hidden="true">
                      <rect y="1" width={(100 * a.alerts) / widest} height="6" class="bar-value" />
                    </svg>
                  </td>
                  <td class="figure">{number(a.alerts)}</td>
                </tr>
              ))}
          </tbody>
        </table>
      )}
    </div>
  );
}

function Hits({ accuracy: a }: { accuracy: Accuracy }) {
  return (
    <div class="hits">
      <dl class="told-facts">
        <div>
          <dt>{t('found')}</dt>
          <dd>{t('of', { n: number(a.found), all: number(a.labels) })}</dd>
        </div>
        <div>
          <dt>{t('hits')}</dt>
          <dd>{number(a.hits)}</dd>
        </div>
        <div>
          <dt>{t('false_alerts')}</dt>
          <dd>{number(a.false_alerts)}</dd>
        </div>
        <div>
          <dt>{t('precision')}</dt>
          <dd>{share(a.precision)}</dd>
        </div>
        <div>
          <dt>{t('recall')}</dt>
          <dd>{share(a.recall)}</dd>
        </div>
        <div>
          <dt>{t('lead')}</dt>
          <dd>{lasting(a.lead_seconds.median)}</dd>
        </div>
      </dl>
      {a.missed.length > 0 && (
        <details>
          <summary>{t('missed', { n: a.missed.length })}</summary>
          <ul>
            {a.missed.slice(0, 50).map((m, i) => (
              <li key={i}>
                <code>{m.key}</code> {clock(m.from)}
                {m.nearest_alert && <span class="soft"> · {t('nearest', { time: clock(m.nearest_alert) })}</span>}
              </li>
            ))}
          </ul>
        </details>
      )}
    </div>
  );
}

function SweepTable({ results, index, inForce }: { results: Result[]; index: Signal<number>; inForce: string }) {
  const labelled = computed(() => results.some(r => r.accuracy));
  return (
    <table class="sweep">
      <caption class="unseen">{t('all_values')}</caption>
      <thead>
        <tr>
          <th scope="col">{t('value')}</th>
          <th scope="col" class="right">
            {t('alerts')}
          </th>
          <th scope="col" class="right">
            {t('alerts_a_day')}
          </th>
          {labelled.value && (
            <>
              <th scope="col" class="right">
                {t('precision')}
              </th>
              <th scope="col" class="right">
                {t('recall')}
              </th>
            </>
          )}
        </tr>
      </thead>
      <tbody>
        {results.map((r, i) => (
          <tr key={r.value} class={i === index.value ? 'now' : ''}>
            <th scope="row">
              <button
                type="button"
                class="link"
                onClick={() => {
                  index.value = i;
                }}
              >
                {r.value}
              </button>
              {r.value === inForce && <span class="soft"> {t('in_force')}</span>}
            </th>
            <td class="figure">{number(r.alerts)}</td>
            <td class="figure">{number(r.alerts_a_day, 2)}</td>
            {labelled.value && (
              <>
                <td class="figure">{share(r.accuracy?.precision)}</td>
                <td class="figure">{share(r.accuracy?.recall)}</td>
              </>
            )}
          </tr>
        ))}
      </tbody>
    </table>
  );
}
