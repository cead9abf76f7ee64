// One alert: why, when, what it rests on, what was done, and what can be done.
import { useSignal, useSignalEffect } from '@preact/signals';
import { useEffect, useRef } from 'preact/hooks';
import { alertPath, get, Problem } from '../core/api';
import { age, areaText, categoryText, clock, codeOf, now, ownerText, show } from '../core/format';
import { Failed, Loading, SeverityMark, StateMark } from '../core/marks';
import { go, linkTo } from '../core/router';
import { isShadow, rowOf, touched } from '../core/store';
import type { Alert, AlertDetail, Evidence } from '../core/types';
import { isSilenced, silencesOf } from '../core/silences';
import { language, t, term, text, unmarked } from '../core/words';
import { Actions } from './actions';
import { valueName } from './fire';
import { History } from './history';
import { withEarlier, withLatest } from './history_model';
import { SilenceList } from './silence_list';
import { TimelineView } from './timeline';
import { Values, WhySentence } from './why';

interface Related {
  alerts: (Alert & { relation?: string })[];
  cases: { case: string; events: number }[];
}
const REREAD_MS = 200,
  MOST_EVENTS = 100;

const orNull = <T,>(promise: Promise<T>): Promise<T | null> => promise.catch(() => null);

export function AlertPane({ id }: { id: string }) {
  const detail = useSignal<AlertDetail | null>(null),
    evidence = useSignal<Evidence | null>(null),
    related = useSignal<Related | null>(null);
  const problem = useSignal<Problem | null>(null),
    title = useRef<HTMLHeadingElement>(null),
    timer = useRef(0),
    turn = useRef(0);

  const read = async () => {
    const mine = ++turn.current;
    const still = () => mine === turn.current;
    orNull(get<Evidence>(alertPath(id, '/evidence'))).then(
      found => {
        if (still() && found) evidence.value = found;
      },
      () => undefined,
    );
    if (!related.peek())
      orNull(get<Related>(alertPath(id, '/related'))).then(
        found => {
          if (still()) related.value = found;
        },
        () => undefined,
      );
    try {
      const found = await get<AlertDetail>(alertPath(id));
      if (!still()) return;
      detail.value = { ...found, ...withLatest(detail.peek(), found) };
      evidence.value ??= found.evidence ?? null; // bare, until the fuller answer is there
      problem.value = null;
    } catch (error) {
      if (still() && error instanceof Problem) problem.value = error;
    }
  };
  const readEarlier = async () => {
    const known = detail.peek();
    if (!known) return;
    const before = await get<AlertDetail>(alertPath(id), { before: known.earlier + 1 });
    const here = detail.peek(); // it may have been read again meanwhile
    if (here?.earlier === known.earlier) detail.value = { ...here, ...withEarlier(here, before) };
  };
  useEffect(() => {
    void read();
    return () => {
      turn.current++;
      clearTimeout(timer.current);
    };
  }, [id]);
  useSignalEffect(() => {
    // however often it changes, it is read a few times a second
    if (touched.value.id !== id || timer.current) return;
    timer.current = window.setTimeout(() => {
      timer.current = 0;
      void read();
    }, REREAD_MS);
  });

  const alert = detail.value ?? rowOf(id)?.alert ?? null;
  useEffect(() => {
    // Once, when there is a title: the details come later, when a button may have been pressed. Nor away from one.
    if (!title.current?.closest('.pane')?.contains(document.activeElement)) title.current?.focus();
  }, [alert === null]);
  return (
    <aside class="pane" aria-label={t('alert')}>
      {problem.value && !detail.value ? (
        <>
          <PaneHead />
          <Failed problem={problem.value} retry={() => void read()} />
        </>
      ) : alert === null ? (
        <>
          <PaneHead />
          <Loading />
        </>
      ) : (
        <Told
          alert={alert}
          detail={detail.value}
          evidence={evidence.value}
          related={related.value}
          title={title}
          readEarlier={readEarlier}
        />
      )}
    </aside>
  );
}

function PaneHead({ alert }: { alert?: Alert }) {
  return (
    <div class="pane-head">
      {alert && <SeverityMark severity={alert.severity} />}
      {alert && <StateMark status={alert.status} to={alert.assigned_to} />}
      {alert && isShadow(alert) && <em class="shadow-tag">{t('shadow')}</em>}
      {alert && isSilenced(alert) && <em class="shadow-tag">{t('silenced')}</em>}
      <button type="button" class="button close-pane" onClick={() => go('alerts')} aria-label={t('back')}>
        ✕
      </button>
    </div>
  );
}

function Told({
  alert,
  detail,
  evidence,
  related,
  title,
  readEarlier,
}: {
  alert: Alert;
  detail: AlertDetail | null;
  evidence: Evidence | null;
  related: Related | null;
  title: { current: HTMLHeadingElement | null };
  readEarlier: () => Promise<void>;
}) {
  const events = evidence?.events ?? [],
    advice = text(alert.advice);
  return (
    <>
      <PaneHead alert={alert} />
      <div class="pane-body">
        <h2 ref={title} tabIndex={-1} class="pane-title">
          {text(alert.name) || alert.rule}
        </h2>
        <WhySentence alert={alert} />
        {isSilenced(alert) && (
          <div class="silenced-note">
            <b>{t('silenced_how')}</b>
            <SilenceList list={silencesOf(alert)} />
          </div>
        )}
        <Actions alert={alert} />
        {advice && (
          <p class="advice">
            <b>{t('advice')}</b> {advice}
          </p>
        )}
        <Facts alert={alert} />
        <h3>{t('timeline')}</h3>
        {detail ? <TimelineView alert={detail} events={events} /> : <Loading />}
        <h3>{t('values')}</h3>
        <Values alert={alert} />
        <h3>
          {t('evidence')}{' '}
          <span class="soft">
            {evidence && evidence.total > events.length
              ? t('latest_of', { n: events.length, all: evidence.total })
              : t('events', { n: evidence?.total ?? 0 })}
          </span>
        </h3>
        <EvidenceTable evidence={evidence} />
        <RelatedList related={related} />
        <h3>{t('history')}</h3>
        {detail ? <History told={detail} readEarlier={readEarlier} /> : <Loading />}
      </div>
    </>
  );
}

function Facts({ alert }: { alert: Alert }) {
  const area = areaText(alert.area),
    key = Array.isArray(alert.key) && alert.key.length === 0 ? '' : alert.key ? show(alert.key) : '';
  const facts: [string, preact.ComponentChild][] = [
    [
      t('opened_at'),
      [clock(alert.opened_at, true), age(alert.opened_at, now.value)]
        .filter((text, i) => i === 0 || text !== clock(alert.opened_at))
        .join(' · '),
    ],
    [t('updated_at'), clock(alert.updated_at, true)],
    [t('area'), area ? `${area} ${codeOf(alert.area)}` : ''],
    [t('owner'), ownerText(alert.owner)],
    [t('assigned_to'), alert.assigned_to ?? ''],
    [t('outcome'), alert.outcome ? term('outcome', alert.outcome) : ''],
    [t('about'), key],
    [
      t('rule'),
      <a href={linkTo('rules', alert.rule)}>
        {alert.rule} <span class="soft">{t('version', { n: alert.rule_version })}</span>
      </a>,
    ],
    [t('merged_into'), alert.merged_into ? <a href={linkTo('alerts', alert.merged_into)}>{alert.merged_into}</a> : ''],
  ];
  return (
    <dl class="facts">
      {facts
        .filter(([, value]) => value)
        .map(([name, value]) => (
          <div key={name}>
            <dt>{name}</dt>
            <dd>{value}</dd>
          </div>
        ))}
    </dl>
  );
}

function EvidenceTable({ evidence }: { evidence: Evidence | null }) {
  const all = useSignal(false);
  if (!evidence) return <p class="soft">{t('no_evidence')}</p>;
  const events = [...evidence.events].sort((a, b) => Date.parse(b.occurred_at) - Date.parse(a.occurred_at));
  const some = all.value ? events.slice(0, MOST_EVENTS) : events.slice(0, 8);
  return (
    <>
      <table class="evidence">
        <caption class="unseen">{t('evidence')}</caption>
        <thead>
          <tr>
            <th scope="col">{t('time')}</th>
            <th scope="col">{t('channel')}</th>
            <th scope="col">{t('what')}</th>
          </tr>
        </thead>
        <tbody>
          {some.map(event => (
            <tr key={`${event.source}/${event.id}`}>
              <td class="when">{clock(event.occurred_at, true)}</td>
              <td>{term('source', event.source)}</td>
              <td>
                {event.place && <b>{event.place} </b>}
                {unmarked(event.text ?? '')}
                {event.values &&
                  Object.entries(event.values).map(([name, value]) => (
                    <span key={name} class="reading">
                      {valueName(name, language.value)} {show(value)}{' '}
                    </span>
                  ))}
                <code>
                  {event.category ? `${categoryText(event.category)} · ` : ''}
                  {event.id}
                </code>
              </td>
            </tr>
          ))}
        </tbody>
      </table>
      {events.length > some.length && (
        <button
          type="button"
          class="link"
          onClick={() => {
            all.value = true;
          }}
        >
          {t('show_all', { n: Math.min(events.length, MOST_EVENTS) })}
        </button>
      )}
    </>
  );
}

function RelatedList({ related }: { related: Related | null }) {
  if (!related || (related.alerts.length === 0 && related.cases.length === 0)) return null;
  return (
    <>
      <h3>{t('related')}</h3>
      <ul class="related">
        {related.alerts.map(other => (
          <li key={other.alert_id}>
            <a href={linkTo('alerts', other.alert_id)}>
              <SeverityMark severity={other.severity} bare />
              <span class="related-what">
                <b>{text(other.name) || other.rule}</b> {text(other.summary)}
              </span>
              <span class="soft">
                {[term('relation', other.relation), term('status', other.status), clock(other.opened_at)]
                  .filter(Boolean)
                  .join(' · ')}
              </span>
            </a>
          </li>
        ))}
        {related.cases.map(c => (
          <li key={c.case} class="related-case">
            <span>
              {t('case')} <code>{c.case}</code>
            </span>
            <span class="soft">{t('events', { n: c.events })}</span>
          </li>
        ))}
      </ul>
    </>
  );
}
