// The scorecard: areas and posts by what came to them and how it was handled; any span of days, any tier.
import { useSignal, useSignalEffect } from '@preact/signals';
import { useRef } from 'preact/hooks';
import { get, Problem } from '../core/api';
import { dayOf, lasting, nameOfArea, number, share } from '../core/format';
import { Empty, Failed, Loading } from '../core/marks';
import { kept } from '../core/memory';
import { go, linkTo, part } from '../core/router';
import { session } from '../core/session';
import type { Tier } from '../core/types';
import { t, term } from '../core/words';
import { Places } from './places';
import { COLUMNS, csv, daysOf, earlier, sorted, SPANS, type Column, type Figures, type Scorecard, type ScoreRow, type Span } from './rows';

const TIERS: Tier[] = ['city', 'town', 'village', 'grid', 'duty'];
const isDay = (value: unknown) => typeof value === 'string' && /^(\d{4}-\d\d-\d\d)?$/.test(value);
const tier = kept<Tier>('score.tier', 'town', value => TIERS.includes(value as Tier));
const from = kept<string>('score.from', '', isDay), to = kept<string>('score.to', '', isDay);
const against = kept<'before' | 'year_before'>('score.against', 'before', value => value === 'before' || value === 'year_before');
const view = kept<'table' | 'places'>('score.view', 'table', value => value === 'table' || value === 'places');

export function figure(value: number | null, kind: Column['kind']): string {
  if (value === null) return '–';
  return kind === 'share' ? share(value) : kind === 'time' ? lasting(value) : kind === 'mean' ? value.toFixed(2) : number(value);
}

function Controls() {
  const today = dayOf(Date.now());
  const set = (span: Span) => { [from.value, to.value] = daysOf(span, today); };
  return <div class="filters score-controls">
    <div class="group" role="group" aria-label={t('view')}>
      {(['table', 'places'] as const).map(v => <button key={v} type="button" class="toggle" aria-pressed={view.value === v} onClick={() => { view.value = v; }}>{t(`view_${v}`)}</button>)}
    </div>
    <label>{t('tier')}<select value={tier.value} onChange={e => { tier.value = e.currentTarget.value as Tier; }}>{TIERS.map(x => <option key={x} value={x}>{term('tier', x)}</option>)}</select></label>
    <label>{t('from_day')}<input type="date" value={from.value} onChange={e => { from.value = e.currentTarget.value; }} /></label>
    <label>{t('to_day')}<input type="date" value={to.value} onChange={e => { to.value = e.currentTarget.value; }} /></label>
    <div class="group" role="group" aria-label={t('spans')}>{SPANS.map(s => {
      const [a, b] = daysOf(s, today);
      return <button key={s} type="button" class="toggle" aria-pressed={from.value === a && to.value === b} onClick={() => set(s)}>{term('span', s)}</button>;
    })}</div>
    <label>{t('against')}<select value={against.value} onChange={e => { against.value = e.currentTarget.value as 'before'; }}>
      <option value="before">{t('span_before')}</option><option value="year_before">{t('year_before')}</option></select></label>
  </div>;
}

export function ScorecardPanel() {
  const card = useSignal<Scorecard | null>(null), problem = useSignal<Problem | null>(null), busy = useSignal(false), turn = useRef(0), again = useSignal(0);
  if (!from.value || !to.value) [from.value, to.value] = daysOf('month', dayOf(Date.now()));
  const area = part.value || session.value?.area || '';
  useSignalEffect(() => {
    void again.value;
    const query = { area: part.value || session.value?.area || '', tier: tier.value, from: from.value, to: to.value }, mine = ++turn.current;
    if (!query.from || !query.to) return;
    busy.value = true;
    get<Scorecard>('/api/v1/scorecard', query).then(found => {
      if (mine !== turn.current) return;
      card.value = found;
      problem.value = null;
    }, (error: unknown) => { if (mine === turn.current) problem.value = error as Problem; }).finally(() => { if (mine === turn.current) busy.value = false; });
  });
  return <main class="score" id="main">
    <h1 class="unseen">{t('scorecard')}</h1>
    <Controls />
    <Crumbs area={area} />
    {view.value === 'places' ? <Places area={area} from={from.value} to={to.value} />
      : problem.value ? <Failed problem={problem.value} retry={() => { again.value++; }} />
      : !card.value ? <Loading /> : <Table card={card.value} busy={busy.value} />}
  </main>;
}

function Crumbs({ area }: { area: string }) {
  const root = session.value?.area ?? '';
  const codes = [6, 9, 12, 15].filter(n => n <= area.length && n >= root.length).map(n => area.slice(0, n));
  return <nav class="crumbs" aria-label={t('area')}><ol>
    {root === '' && <li>{codes.length === 0 ? <span aria-current="page">{t('whole')}</span> : <a href={linkTo('scorecard')}>{t('whole')}</a>}</li>}
    {codes.map((code, i) => <li key={code}>{i === codes.length - 1 ? <span aria-current="page">{nameOfArea(code)}</span> : <a href={linkTo('scorecard', code)}>{nameOfArea(code)}</a>}</li>)}
  </ol></nav>;
}

const BELOW: Partial<Record<Tier, Tier>> = { city: 'town', town: 'village', village: 'grid' };

function Table({ card, busy }: { card: Scorecard; busy: boolean }) {
  const sort = useSignal('rank'), down = useSignal(false), open = useSignal('');
  if (card.rows.length === 0) return <Empty title={t('no_rows')}>{t('no_rows_more')}</Empty>;
  const rows = sorted(card.rows, sort.value, down.value);
  const head = (key: string, name: string, right: boolean) => <th scope="col" class={right ? 'right' : ''} aria-sort={sort.value === key ? down.value ? 'descending' : 'ascending' : 'none'}>
    <button type="button" class="sort" onClick={() => {
      if (sort.value === key) down.value = !down.value;
      else { sort.value = key; down.value = key !== 'name' && key !== 'rank'; }
    }}>{name}<span aria-hidden="true">{sort.value === key ? down.value ? ' ↓' : ' ↑' : ''}</span></button></th>;
  const save = () => {
    const link = document.createElement('a');
    link.href = URL.createObjectURL(new Blob([csv(card, [t('code'), t('name_of'), t('rank'), ...COLUMNS.map(c => term('col', c.key))])], { type: 'text/csv' }));
    link.download = `tocsin-${card.tier}-${card.span.from}-${card.span.to}.csv`;
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 1000);
  };
  return <>
    <p class="soft score-span">{t('span_told', { from: card.span.from, to: card.span.to, n: card.span.days })} · {t('rows', { n: card.rows.length })} <button type="button" class="link" onClick={save}>{t('save_csv')}</button>{busy && <span class="turning" aria-hidden="true" />}</p>
    <div class="score-scroll" tabIndex={0} role="region" aria-label={t('scorecard')}>
      <table class="scores" aria-busy={busy}><caption class="unseen">{t('scorecard')}</caption>
        <thead><tr>{head('rank', t('rank'), true)}{head('name', term('tier', card.tier), false)}{COLUMNS.map(c => head(c.key, term('col', c.key), true))}</tr></thead>
        <tbody>
          {card.total && <Row row={{ ...card.total, name: t('total'), key: '' }} tier={card.tier} open={open} cls="total" />}
          {rows.map(row => <Row key={row.key} row={row} tier={card.tier} open={open} />)}
        </tbody>
      </table>
    </div>
  </>;
}

function Row({ row, tier: of, open, cls }: { row: ScoreRow; tier: Tier; open: { value: string }; cls?: string }) {
  const below = BELOW[of], shown = open.value === (row.key || 'total'), name = row.name || nameOfArea(row.key);
  return <>
    <tr class={cls}>
      <td class="figure">{row.rank ?? ''}</td>
      <th scope="row"><button type="button" class="open-row" aria-expanded={shown} aria-label={t('more_about', { name })} onClick={() => { open.value = shown ? '' : row.key || 'total'; }}>{shown ? '▾' : '▸'}</button>
        {below && row.key ? <button type="button" class="link" onClick={() => { tier.value = below; go('scorecard', row.key); }}>{name}</button> : <span>{name}</span>}</th>
      {COLUMNS.map(c => <td key={c.key} class="figure">{figure(c.of(row), c.kind)}<Trend row={row} column={c} /></td>)}
    </tr>
    {shown && <tr class="score-more"><td colSpan={COLUMNS.length + 2}><More row={row} /></td></tr>}
  </>;
}

// The change since the span before: an arrow for the direction, a word for whether it is better.
function Trend({ row, column }: { row: ScoreRow; column: Column }) {
  const before = earlier(row, column, against.value), now = column.of(row);
  if (before === null || now === null) return null;
  const by = column.kind === 'share' ? now - before : before === 0 ? now : (now - before) / before;
  if (Math.abs(by) < 0.005) return <span class="trend" title={figure(before, column.kind)}>＝</span>;
  const judged = column.better === 0 ? '' : Math.sign(by) === column.better ? 'better' : 'worse';
  const text = column.kind === 'share' ? `${Math.abs(by * 100).toFixed(1)}` : before === 0 ? '' : `${Math.round(Math.abs(by) * 100)}%`;
  return <span class={`trend ${judged}`} title={`${t(against.value === 'before' ? 'span_before' : 'year_before')}: ${figure(before, column.kind)}`}>
    {by > 0 ? '▲' : '▼'}{text}{judged && <span class="unseen">{t(judged as 'better' | 'worse')}</span>}</span>;
}

function More({ row }: { row: Figures }) {
  const groups: [string, string, Record<string, number | undefined>][] = [[t('by_channel'), 'source', row.events.by_channel], [t('by_category'), 'category', row.events.by_category],
    [t('by_grade'), 'grade', row.events.by_grade], [t('settled_at'), 'tier', row.cases.settled_at], [t('alerts'), 'severity', row.alerts.by_severity],
    [t('outcomes'), 'outcome', { true: row.alerts.true, false: row.alerts.false, duplicate: row.alerts.duplicate }]];
  return <div class="score-groups">{groups.map(([title, prefix, counts]) => <Group key={title} title={title} prefix={prefix} counts={counts ?? {}} />)}</div>;
}

function Group({ title, prefix, counts }: { title: string; prefix: string; counts: Record<string, number | undefined> }) {
  const list = Object.entries(counts).filter((e): e is [string, number] => !!e[1]).sort((a, b) => b[1] - a[1]).slice(0, 8);
  if (list.length === 0) return null;
  const most = list[0]![1];
  return <div><b>{title}</b><table><tbody>{list.map(([key, n]) => <tr key={key}><th scope="row">{term(prefix, key)}</th>
    <td><svg class="bar" viewBox="0 0 100 8" preserveAspectRatio="none" aria-hidden="true"><rect y="1" width={100 * n / most} height="6" class="bar-value" /></svg></td><td class="figure">{number(n)}</td></tr>)}</tbody></table></div>;
}
