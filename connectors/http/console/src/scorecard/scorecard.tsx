// The scorecard: areas and posts by what came to them and how it was handled; any span of days, any tier.
import { useSignal, useSignalEffect } from '@preact/signals';
import { useRef } from 'preact/hooks';
import { get, Problem } from '../core/api';
import { dayOf, nameOfArea } from '../core/format';
import { Failed, Loading } from '../core/marks';
import { linkTo } from '../core/router';
import { session } from '../core/session';
import type { Tier } from '../core/types';
import { t, term } from '../core/words';
import { Places } from './places';
import { against, areaNow, from, ranking, tier, tiersHere, tierNow, to, view } from './chosen';
import { comparedText, Table } from './table';
import { daysOf, daysShown, RANKINGS, SPANS, type Ranking, type Scorecard, type Span } from './rows';

function Controls({ card }: { card: Scorecard | null }) {
  const today = card?.as_of || dayOf(Date.now());
  const [first, last] = daysShown(from.value, to.value, card);
  const set = (span: Span) => {
    [from.value, to.value] = daysOf(span, today);
  };
  return (
    <div class="filters score-controls">
      <div class="group" role="group" aria-label={t('view')}>
        {(['table', 'places'] as const).map(v => (
          <button
            key={v}
            type="button"
            class="toggle"
            aria-pressed={view.value === v}
            onClick={() => {
              view.value = v;
            }}
          >
            {t(`view_${v}`)}
          </button>
        ))}
      </div>
      {view.value === 'table' && (
        <label>
          {t('tier')}
          <select
            value={tierNow()}
            onChange={e => {
              tier.value = e.currentTarget.value as Tier;
            }}
          >
            {tiersHere().map(x => (
              <option key={x} value={x}>
                {term('tier', x)}
              </option>
            ))}
          </select>
        </label>
      )}
      <label>
        {t('from_day')}
        <input
          type="date"
          value={first}
          onChange={e => {
            from.value = e.currentTarget.value;
          }}
        />
      </label>
      <label>
        {t('to_day')}
        <input
          type="date"
          value={last}
          onChange={e => {
            to.value = e.currentTarget.value;
          }}
        />
      </label>
      <div class="group" role="group" aria-label={t('spans')}>
        {SPANS.map(s => {
          const [a, b] = daysOf(s, today);
          return (
            <button
              key={s}
              type="button"
              class="toggle"
              aria-pressed={first === a && last === b}
              onClick={() => set(s)}
            >
              {term('span', s)}
            </button>
          );
        })}
      </div>
      {view.value === 'table' && (
        <label>
          {t('rank_by')}
          <select
            value={ranking.value}
            onChange={e => {
              ranking.value = e.currentTarget.value as Ranking;
            }}
          >
            {RANKINGS.map(x => (
              <option key={x} value={x}>
                {term('ranking', x)}
              </option>
            ))}
          </select>
        </label>
      )}
      {view.value === 'table' && (
        <label>
          {t('against')}
          <select
            value={against.value}
            onChange={e => {
              against.value = e.currentTarget.value as 'before';
            }}
          >
            {(['before', 'year_before'] as const).map(span => (
              <option key={span} value={span}>
                {comparedText(card, span)}
              </option>
            ))}
          </select>
        </label>
      )}
    </div>
  );
}

const PAGE = 1000;
const MOST_PAGES = 5;

// All the rows, page by page, as long as they are wanted.
async function readAll(query: Record<string, string | number>, wanted: () => boolean): Promise<Scorecard> {
  const card = await get<Scorecard>('/api/v1/scorecard', query);
  for (let pages = 1; card.next && pages < MOST_PAGES && wanted(); pages++) {
    const more = await get<Scorecard>('/api/v1/scorecard', { ...query, cursor: card.next });
    card.rows.push(...more.rows);
    card.next = more.next;
  }
  return card;
}

export function ScorecardPanel() {
  const card = useSignal<Scorecard | null>(null),
    problem = useSignal<Problem | null>(null),
    busy = useSignal(false),
    turn = useRef(0),
    again = useSignal(0);
  const area = areaNow(),
    [first, last] = daysShown(from.value, to.value, card.value);
  useSignalEffect(() => {
    void again.value;
    const query = {
      area: areaNow(),
      tier: tierNow(),
      from: from.value,
      to: to.value,
      sort: ranking.value,
      limit: PAGE,
    };
    const mine = ++turn.current;
    busy.value = true;
    readAll(query, () => mine === turn.current)
      .then(
        found => {
          if (mine !== turn.current) return;
          card.value = found;
          problem.value = null;
        },
        (error: unknown) => {
          if (mine === turn.current) problem.value = error as Problem;
        },
      )
      .finally(() => {
        if (mine === turn.current) busy.value = false;
      });
  });
  return (
    <main class="score" id="main">
      <h1 class="unseen">{t('scorecard')}</h1>
      <Controls card={card.value} />
      <Crumbs area={area} />
      {view.value === 'places' && first && last ? (
        <Places area={area} from={first} to={last} />
      ) : problem.value ? (
        <Failed
          problem={problem.value}
          retry={() => {
            again.value++;
          }}
        />
      ) : !card.value ? (
        <Loading />
      ) : (
        <Table card={card.value} busy={busy.value} />
      )}
    </main>
  );
}

function Crumbs({ area }: { area: string }) {
  const root = session.value?.area ?? '';
  const codes = [6, 9, 12, 15].filter(n => n <= area.length && n >= root.length).map(n => area.slice(0, n));
  return (
    <nav class="crumbs" aria-label={t('area')}>
      <ol>
        {root === '' && (
          <li>
            {codes.length === 0 ? (
              <span aria-current="page">{t('whole')}</span>
            ) : (
              <a href={linkTo('scorecard')}>{t('whole')}</a>
            )}
          </li>
        )}
        {codes.map((code, i) => (
          <li key={code}>
            {i === codes.length - 1 ? (
              <span aria-current="page">{nameOfArea(code)}</span>
            ) : (
              <a href={linkTo('scorecard', code)}>{nameOfArea(code)}</a>
            )}
          </li>
        ))}
      </ol>
    </nav>
  );
}
