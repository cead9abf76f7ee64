// The service's health: sources, checks, commits, shards and rules; read every two seconds while it is looked at.
import { signal, useSignal } from '@preact/signals';
import { useEffect } from 'preact/hooks';
import { SilenceList } from '../alert/silence_list';
import { get, Problem } from '../core/api';
import { bytes, clock, lasting, now, number, share } from '../core/format';
import { Failed, Loading } from '../core/marks';
import { linkTo } from '../core/router';
import { readSilences, silences, silencesProblem } from '../core/silences';
import { rules } from '../core/store';
import { t, term, text } from '../core/words';
import { freshness, standing, type ServiceStatus, type SourceState } from './status';

const EVERY_MS = 2000,
  KEPT = 90;
const past = signal<Map<string, number[]>>(new Map()); // rates of the last three minutes, by source

export function Health() {
  const status = useSignal<ServiceStatus | null>(null),
    problem = useSignal<Problem | null>(null),
    readAt = useSignal(0);
  useEffect(() => {
    let timer = 0,
      gone = false;
    const stop = new AbortController();
    const read = async () => {
      if (!document.hidden) {
        try {
          const found = await get<ServiceStatus>('/api/v1/status', {}, stop.signal);
          status.value = found;
          problem.value = null;
          readAt.value = Date.now();
          const next = new Map(past.value);
          for (const s of found.sources) next.set(s.source, [...(next.get(s.source) ?? []), s.rate ?? 0].slice(-KEPT));
          past.value = next;
        } catch (error) {
          if (!stop.signal.aborted) problem.value = error as Problem;
        }
      }
      if (!gone) timer = window.setTimeout(() => void read(), EVERY_MS);
    };
    void read();
    if (silences.peek() === null) void readSilences(); // the stream tells when they are others
    return () => {
      gone = true;
      clearTimeout(timer);
      stop.abort();
    };
  }, []);
  const s = status.value;
  return (
    <main class="health" id="main">
      <h1 class="unseen">{t('health')}</h1>
      {!s ? (
        problem.value ? (
          <Failed problem={problem.value} />
        ) : (
          <Loading />
        )
      ) : (
        <>
          {problem.value && (
            <p class="stale" role="alert">
              {t('status_stale', { time: clock(readAt.value, true) })} {problem.value.message}
            </p>
          )}
          <Summary s={s} />
          <Sources sources={s.sources} />
          <div class="health-columns">
            <Checks s={s} />
            <Shards s={s} />
            <Silences />
          </div>
          <Rules s={s} />
        </>
      )}
    </main>
  );
}

const VERDICT = { ready: 'is_ready', degraded: 'is_degraded', not: 'not_ready' } as const;

function Summary({ s }: { s: ServiceStatus }) {
  const facts: [string, string][] = [
    [t('version_of'), s.version],
    [t('uptime'), lasting(s.uptime_seconds)],
    [
      t('commit_p99'),
      s.commit.seconds_p99 === null
        ? '–'
        : t('milliseconds', { n: Number((s.commit.seconds_p99 * 1000).toPrecision(2)) }),
    ],
    [t('commit_age'), s.commit.age_seconds === null ? '–' : t('seconds', { n: number(s.commit.age_seconds, 1) })],
    [t('outbox'), number(s.outbox_depth)],
    [t('state_size'), bytes(s.state_bytes)],
    [t('streams'), number(s.streams)],
  ];
  const how = standing(s);
  return (
    <div class="health-summary">
      <p class={`verdict ${how === 'not' ? 'bad' : 'good'}`}>
        <span aria-hidden="true">{how === 'ready' ? '✓' : '!'}</span> {t(VERDICT[how])}
      </p>
      <dl class="told-facts">
        {facts.map(([name, value]) => (
          <div key={name}>
            <dt>{name}</dt>
            <dd>{value}</dd>
          </div>
        ))}
      </dl>
    </div>
  );
}

function Spark({ values }: { values: number[] }) {
  const most = Math.max(...values, 1);
  return (
    <svg class="spark" viewBox={`0 0 ${KEPT} 18`} preserveAspectRatio="none" aria-hidden="true">
      <polyline points={values.map((v, i) => `${KEPT - values.length + i},${17 - (v / most) * 15}`).join(' ')} />
    </svg>
  );
}

function Sources({ sources }: { sources: SourceState[] }) {
  return (
    <section aria-labelledby="sources-title">
      <h2 id="sources-title">{t('sources')}</h2>
      <div class="score-scroll" tabIndex={0} role="region" aria-labelledby="sources-title">
        <table class="scores">
          <caption class="unseen">{t('sources')}</caption>
          <thead>
            <tr>
              <th scope="col">{t('channel')}</th>
              <th scope="col">{t('state')}</th>
              <th scope="col" class="right">
                {t('rate')}
              </th>
              <th scope="col">{t('last_minutes')}</th>
              <th scope="col" class="right">
                {t('lag')}
              </th>
              <th scope="col" class="right">
                {t('lag_records')}
              </th>
              <th scope="col">{t('watermark')}</th>
              <th scope="col" class="right">
                {t('watermark_lag')}
              </th>
              <th scope="col">{t('last_event')}</th>
              <th scope="col" class="right">
                {t('read')}
              </th>
              <th scope="col" class="right">
                {t('rejected')}
              </th>
              <th scope="col" class="right">
                {t('duplicate')}
              </th>
              <th scope="col" class="right">
                {t('late')}
              </th>
            </tr>
          </thead>
          <tbody>
            {sources.map(s => {
              const state = freshness(s, now.value);
              return (
                <tr key={s.source}>
                  <th scope="row">{term('source', s.source)}</th>
                  <td>
                    <span class={`fresh-${state}`}>
                      <span aria-hidden="true">{{ flowing: '●', behind: '▲', quiet: '○', never: '–' }[state]}</span>{' '}
                      {term('fresh', state)}
                    </span>
                  </td>
                  <td class="figure">{t('a_second', { n: number(s.rate, 1) })}</td>
                  <td>
                    <Spark values={past.value.get(s.source) ?? []} />
                  </td>
                  <td class="figure">{lasting(s.lag_seconds)}</td>
                  <td class="figure">{number(s.lag_records)}</td>
                  <td>{clock(s.watermark, true)}</td>
                  <td class="figure">{lasting(s.watermark_lag_seconds)}</td>
                  <td>{clock(s.last_event_at, true)}</td>
                  <td class="figure">{number(s.read)}</td>
                  <td class={`figure ${(s.rejected ?? 0) > 0 ? 'attention' : ''}`}>{number(s.rejected)}</td>
                  <td class="figure">{number(s.duplicate)}</td>
                  <td class="figure">{number(s.late)}</td>
                </tr>
              );
            })}
          </tbody>
        </table>
      </div>
      {sources.length === 0 && <p class="soft">{t('no_sources')}</p>}
    </section>
  );
}

function Checks({ s }: { s: ServiceStatus }) {
  return (
    <section aria-labelledby="checks-title">
      <h2 id="checks-title">{t('checks')}</h2>
      <ul class="checks">
        {s.checks.map(c => (
          <li key={c.name} class={c.ok ? 'good' : 'bad'}>
            <span aria-hidden="true">{c.ok ? '✓' : '!'}</span> <b>{term('check', c.name)}</b>{' '}
            <span class="unseen">{t(c.ok ? 'good' : 'bad')}</span> <span class="soft">{c.reason}</span>
          </li>
        ))}
      </ul>
    </section>
  );
}

function Shards({ s }: { s: ServiceStatus }) {
  return (
    <section aria-labelledby="shards-title">
      <h2 id="shards-title">{t('shards')}</h2>
      <table class="plain">
        <thead>
          <tr>
            <th scope="col">{t('shard')}</th>
            <th scope="col" class="right">
              {t('keys')}
            </th>
            <th scope="col">{t('busy')}</th>
          </tr>
        </thead>
        <tbody>
          {s.shards.map(x => (
            <tr key={x.shard}>
              <th scope="row">{x.shard}</th>
              <td class="figure">{number(x.keys)}</td>
              <td>
                <svg class="bar" viewBox="0 0 100 8" preserveAspectRatio="none" aria-hidden="true">
                  <rect y="1" width="100" height="6" class="bar-ground" />
                  <rect y="1" width={Math.min(100, x.busy * 100)} height="6" class="bar-value" />
                </svg>{' '}
                {share(x.busy)}
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </section>
  );
}

function Silences() {
  const list = [...(silences.value?.values() ?? [])];
  return (
    <section aria-labelledby="silences-title">
      <h2 id="silences-title" tabIndex={-1}>
        {t('silences')}
      </h2>
      {silencesProblem.value ? (
        <Failed problem={silencesProblem.value} retry={() => void readSilences()} />
      ) : silences.value === null ? (
        <Loading />
      ) : list.length > 0 ? (
        <SilenceList list={list} />
      ) : (
        <p class="soft">{t('no_silences')}</p>
      )}
    </section>
  );
}

function Rules({ s }: { s: ServiceStatus }) {
  const list = [...s.rules].sort(
    (a, b) => (b.errors ?? 0) - (a.errors ?? 0) || b.open - a.open || (b.matches ?? 0) - (a.matches ?? 0),
  );
  return (
    <section aria-labelledby="rules-title">
      <h2 id="rules-title">{t('rules')}</h2>
      <div class="score-scroll" tabIndex={0} role="region" aria-labelledby="rules-title">
        <table class="scores">
          <caption class="unseen">{t('rules')}</caption>
          <thead>
            <tr>
              <th scope="col">{t('rule')}</th>
              <th scope="col" class="right">
                {t('open_now')}
              </th>
              <th scope="col" class="right">
                {t('matches')}
              </th>
              <th scope="col" class="right">
                {t('keys')}
              </th>
              <th scope="col" class="right">
                {t('errors')}
              </th>
            </tr>
          </thead>
          <tbody>
            {list.map(r => (
              <tr key={r.id}>
                <th scope="row">
                  <a href={linkTo('rules', r.id)}>{text(rules.value.get(r.id)?.name) || r.id}</a>{' '}
                  <span class="soft">{r.id}</span>
                </th>
                <td class="figure">{number(r.open)}</td>
                <td class="figure">{number(r.matches)}</td>
                <td class="figure">{number(r.state_keys)}</td>
                <td class={`figure ${(r.errors ?? 0) > 0 ? 'attention' : ''}`}>{number(r.errors)}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </section>
  );
}
