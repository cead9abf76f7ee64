// The scorecard's table: sorting, what stands behind a row, the change since another span, saving.
import { useSignal } from '@preact/signals';
import { lasting, nameOfArea, number, share } from '../core/format';
import { Empty } from '../core/marks';
import { go } from '../core/router';
import type { Tier } from '../core/types';
import { t, term } from '../core/words';
import { against, tier } from './chosen';
import { COLUMNS, csv, earlier, sorted, type Column, type Figures, type Scorecard, type ScoreRow } from './rows';

export function figure(value: number | null, kind: Column['kind']): string {
  if (value === null) return '–';
  return kind === 'share'
    ? share(value)
    : kind === 'time'
      ? lasting(value)
      : kind === 'mean'
        ? value.toFixed(2)
        : number(value);
}

// "the span before (2025-05-31 to 2025-06-30)".
export function comparedText(card: Scorecard | null, span: 'before' | 'year_before'): string {
  const name = t(span === 'before' ? 'span_before' : 'year_before'),
    days = card?.compared?.[span];
  return days ? t('compared_days', { name, from: days.from, to: days.to }) : name;
}

// What a reader would stumble over.
function notes(card: Scorecard): string[] {
  const told = [];
  if (card.total && !card.total.trend?.[against.value])
    told.push(t('not_counted', { span: comparedText(card, against.value) }));
  if (card.rows.some(row => row.rank === null)) told.push(t('rank_floor', { n: card.sample_floor ?? 30 }));
  if (['village', 'grid', 'duty'].includes(card.tier)) told.push(t('rows_less'));
  return told;
}

const BELOW: Partial<Record<Tier, Tier>> = { city: 'town', town: 'village', village: 'grid' };

export function Table({ card, busy }: { card: Scorecard; busy: boolean }) {
  const sort = useSignal('rank'),
    down = useSignal(false),
    open = useSignal('');
  if (card.rows.length === 0) return <Empty title={t('no_rows')}>{t('no_rows_more')}</Empty>;
  const rows = sorted(card.rows, sort.value, down.value);
  const head = (key: string, name: string, right: boolean, about?: string) => (
    <th
      scope="col"
      title={about}
      class={right ? 'right' : ''}
      aria-sort={sort.value === key ? (down.value ? 'descending' : 'ascending') : 'none'}
    >
      <button
        type="button"
        class="sort"
        onClick={() => {
          if (sort.value === key) down.value = !down.value;
          else {
            sort.value = key;
            down.value = key !== 'name' && key !== 'rank';
          }
        }}
      >
        {name}
        <span aria-hidden="true">{sort.value === key ? (down.value ? ' ↓' : ' ↑') : ''}</span>
      </button>
    </th>
  );
  const save = () => {
    const link = document.createElement('a');
    link.href = URL.createObjectURL(
      new Blob([csv(card, [t('code'), t('name_of'), t('rank'), ...COLUMNS.map(c => term('col', c.key))])], {
        type: 'text/csv',
      }),
    );
    link.download = `tocsin-${card.tier}-${card.span.from}-${card.span.to}.csv`;
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 1000);
  };
  return (
    <>
      <p class="soft score-span">
        {t('span_told', { from: card.span.from, to: card.span.to, n: card.span.days })} ·{' '}
        {t('rows', { n: card.rows.length })}{' '}
        <button type="button" class="link" onClick={save}>
          {t('save_csv')}
        </button>
        {busy && <span class="turning" aria-hidden="true" />}
        {notes(card).map(note => (
          <span key={note}>{note}</span>
        ))}
      </p>
      <div class="score-scroll" tabIndex={0} role="region" aria-label={t('scorecard')}>
        <table class="scores" aria-busy={busy}>
          <caption class="unseen">{t('scorecard')}</caption>
          <thead>
            <tr>
              {head('rank', t('rank'), true)}
              {head('name', term('tier', card.tier), false)}
              {COLUMNS.map(c => head(c.key, term('col', c.key), true, term('about', c.key)))}
            </tr>
          </thead>
          <tbody>
            {card.total && (
              <Row row={{ ...card.total, name: t('total'), key: '' }} card={card} open={open} cls="total" />
            )}
            {rows.map(row => (
              <Row key={row.key} row={row} card={card} open={open} />
            ))}
          </tbody>
        </table>
      </div>
    </>
  );
}

function Row({ row, card, open, cls }: { row: ScoreRow; card: Scorecard; open: { value: string }; cls?: string }) {
  const below = BELOW[card.tier],
    shown = open.value === (row.key || 'total'),
    name = row.name || nameOfArea(row.key);
  return (
    <>
      <tr class={cls}>
        <td class="figure">{row.of === 1 ? '' : row.rank}</td>
        <th scope="row">
          <button
            type="button"
            class="open-row"
            aria-expanded={shown}
            aria-label={t('more_about', { name })}
            onClick={() => {
              open.value = shown ? '' : row.key || 'total';
            }}
          >
            {shown ? '▾' : '▸'}
          </button>
          {below && row.key ? (
            <button
              type="button"
              class="link"
              onClick={() => {
                tier.value = below;
                go('scorecard', row.key);
              }}
            >
              {name}
            </button>
          ) : (
            <span>{name}</span>
          )}
        </th>
        {COLUMNS.map(c => (
          <td key={c.key} class="figure">
            {figure(c.of(row), c.kind)}
            <Trend row={row} column={c} card={card} />
          </td>
        ))}
      </tr>
      {shown && (
        <tr class="score-more">
          <td colSpan={COLUMNS.length + 2}>
            <More row={row} />
          </td>
        </tr>
      )}
    </>
  );
}

// The change since the span before: an arrow for the direction, a word for whether it is better.
function Trend({ row, column, card }: { row: ScoreRow; column: Column; card: Scorecard }) {
  const before = earlier(row, column, against.value),
    now = column.of(row);
  if (before === null || now === null) return null;
  const by = column.kind === 'share' ? now - before : before === 0 ? now : (now - before) / before;
  if (Math.abs(by) < 0.005)
    return (
      <span class="trend" title={figure(before, column.kind)}>
        ＝
      </span>
    );
  const judged = column.better === 0 ? '' : Math.sign(by) === column.better ? 'better' : 'worse';
  const text =
    column.kind === 'share'
      ? `${Math.abs(by * 100).toFixed(1)}`
      : before === 0
        ? ''
        : `${Math.round(Math.abs(by) * 100)}%`;
  return (
    <span class={`trend ${judged}`} title={`${comparedText(card, against.value)}: ${figure(before, column.kind)}`}>
      {by > 0 ? '▲' : '▼'}
      {text}
      {judged && <span class="unseen">{t(judged as 'better' | 'worse')}</span>}
    </span>
  );
}

function More({ row }: { row: Figures }) {
  const groups: [string, string, Record<string, number | undefined>][] = [
    [t('by_channel'), 'source', row.events.by_channel],
    [t('by_category'), 'category', row.events.by_category],
    [t('by_grade'), 'grade', row.events.by_grade],
    [t('settled_at'), 'tier', row.cases.settled_at],
    [t('alerts'), 'severity', row.alerts?.by_severity ?? {}],
    [t('outcomes'), 'outcome', { true: row.alerts?.true, false: row.alerts?.false, duplicate: row.alerts?.duplicate }],
  ];
  return (
    <div class="score-groups">
      {groups.map(([title, prefix, counts]) => (
        <Group key={title} title={title} prefix={prefix} counts={counts ?? {}} />
      ))}
    </div>
  );
}

function Group({
  title,
  prefix,
  counts,
}: {
  title: string;
  prefix: string;
  counts: Record<string, number | undefined>;
}) {
  const list = Object.entries(counts)
    .filter((e): e is [string, number] => !!e[1])
    .sort((a, b) => b[1] - a[1])
    .slice(0, 8);
  if (list.length === 0) return null;
  const most = list[0]![1];
  return (
    <div>
      <b>{title}</b>
      <table>
        <tbody>
          {list.map(([key, n]) => (
            <tr key={key}>
              <th scope="row">{term(prefix, key)}</th>
              <td>
                <svg class="bar" viewBox="0 0 100 8" preserveAspectRatio="none" aria-hidden="true">
                  <rect y="1" width={(100 * n) / most} height="6" class="bar-value" />
                </svg>
              </td>
              <td class="figure">{number(n)}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}
