// The scorecard's rows: what the service tells, the columns, sorting, spans of days. Without the page.
import type { Tier } from '../core/types';

export interface Figures {
  events: {
    total: number;
    by_channel: Record<string, number>;
    by_category: Record<string, number>;
    by_grade: Record<string, number>;
  };
  cases: {
    opened: number;
    closed: number;
    open: number;
    settled_at: Partial<Record<string, number>>;
    disposal_rate: number | null;
    on_time_rate: number | null;
    reopened_rate: number | null;
    repeat_rate: number | null;
  };
  first_response_seconds: { n: number; median: number | null; p90: number | null };
  closing_seconds: { n: number; median: number | null; p90: number | null };
  satisfaction: { n: number; mean: number | null };
  alerts: {
    opened: number;
    by_severity: Record<string, number>;
    true: number;
    false: number;
    duplicate: number;
    lead_seconds: { n: number; median: number | null };
  } | null; // of a post: alerts are of areas
  first_reports: number;
}
export interface ScoreRow extends Figures {
  key: string;
  name: string;
  rank: number | null;
  of: number | null;
  trend?: { before?: unknown; year_before?: unknown };
}
export interface Scorecard {
  span: { from: string; to: string; days: number };
  as_of?: string | null;
  next?: string | null;
  tier: Tier;
  area: string;
  sample_floor?: number;
  compared?: Record<'before' | 'year_before', { from: string; to: string }>;
  rows: ScoreRow[];
  total: ScoreRow | null;
}

export type Kind = 'count' | 'share' | 'time' | 'mean';
// `better`: the direction in which more is better (1), worse (-1) or neither (0); `before`: where it stands in a trend.
export interface Column {
  key: string;
  of: (row: Figures) => number | null;
  kind: Kind;
  better: -1 | 0 | 1;
  before?: string;
}

const at = (root: unknown, path: string): number | null => {
  let value: unknown = root;
  for (const step of path.split('.'))
    value = value && typeof value === 'object' ? (value as Record<string, unknown>)[step] : undefined;
  return typeof value === 'number' ? value : null;
};
const column = (key: string, leaf: string, kind: Kind, better: -1 | 0 | 1, before?: string): Column => ({
  key,
  of: row => at(row, leaf),
  kind,
  better,
  before,
});

export const COLUMNS: Column[] = [
  column('events', 'events.total', 'count', 0, 'events'),
  column('cases_open', 'cases.open', 'count', -1),
  column('disposal', 'cases.disposal_rate', 'share', 1, 'disposal_rate'),
  column('on_time', 'cases.on_time_rate', 'share', 1, 'on_time_rate'),
  column('reopened_rate', 'cases.reopened_rate', 'share', -1, 'reopened_rate'),
  column('repeat', 'cases.repeat_rate', 'share', -1, 'repeat_rate'),
  column('response', 'first_response_seconds.median', 'time', -1, 'first_response_seconds.median'),
  column('response90', 'first_response_seconds.p90', 'time', -1, 'first_response_seconds.p90'),
  column('closing', 'closing_seconds.median', 'time', -1, 'closing_seconds.median'),
  column('closing90', 'closing_seconds.p90', 'time', -1, 'closing_seconds.p90'),
  column('satisfaction', 'satisfaction.mean', 'mean', 1, 'satisfaction.mean'),
  column('alerts_opened', 'alerts.opened', 'count', 0, 'alerts'),
  column('alerts_true', 'alerts.true', 'count', 0),
  column('lead', 'alerts.lead_seconds.median', 'time', 1),
  column('first_reports', 'first_reports', 'count', 1, 'first_reports'),
];

// What the service ranks by, the best first.
export const RANKINGS = [
  'disposal_rate',
  'on_time_rate',
  'reopened_rate',
  'repeat_rate',
  'response',
  'closing',
  'satisfaction',
  'events',
  'first_reports',
] as const;
export type Ranking = (typeof RANKINGS)[number];

// The same figure of the span before, or of the year before; null where it is not told.
export function earlier(row: ScoreRow, column: Column, span: 'before' | 'year_before'): number | null {
  return column.before === undefined ? null : at(row.trend?.[span], column.before);
}

// Rows without a figure go last, whichever way it is sorted.
export function sorted(rows: ScoreRow[], key: string, down: boolean): ScoreRow[] {
  const column = COLUMNS.find(c => c.key === key);
  const value = (row: ScoreRow): number | string | null =>
    key === 'name' ? row.name : key === 'rank' ? row.rank : column ? column.of(row) : null;
  return [...rows].sort((a, b) => {
    const x = value(a),
      y = value(b);
    if (x === null || y === null) return Number(x === null) - Number(y === null);
    const by = typeof x === 'string' ? x.localeCompare(String(y)) : x - (y as number);
    return down ? -by : by;
  });
}

// The days that the controls show, and that every view is of: as chosen, else as the service took them by itself.
export const daysShown = (from: string, to: string, card: Pick<Scorecard, 'span'> | null): [string, string] => [
  from || card?.span.from || '',
  to || card?.span.to || '',
];

const DAY = 86_400_000;
const iso = (ms: number) => new Date(ms).toISOString().slice(0, 10);
export const SPANS = ['week', 'month', 'this_month', 'last_month', 'quarter', 'year'] as const;
export type Span = (typeof SPANS)[number];

// Whole days, both ends in the span; `today` as YYYY-MM-DD in the service's zone.
export function daysOf(span: Span, today: string): [string, string] {
  const end = Date.parse(`${today}T00:00:00Z`),
    year = Number(today.slice(0, 4)),
    month = Number(today.slice(5, 7)) - 1;
  switch (span) {
    case 'week':
      return [iso(end - 6 * DAY), today];
    case 'month':
      return [iso(end - 29 * DAY), today];
    case 'quarter':
      return [iso(end - 89 * DAY), today];
    case 'year':
      return [iso(end - 364 * DAY), today];
    case 'this_month':
      return [iso(Date.UTC(year, month, 1)), today];
    case 'last_month':
      return [iso(Date.UTC(year, month - 1, 1)), iso(Date.UTC(year, month, 1) - DAY)];
  }
}

export function csv(card: Scorecard, head: string[]): string {
  const cell = (value: unknown) => {
    if (typeof value === 'number') return String(value);
    const text = String(value ?? '').replace(/^[=+@-]/, "'$&"); // a spreadsheet runs what begins so
    return /[",\n]/.test(text) ? `"${text.replace(/"/g, '""')}"` : text;
  };
  const lines = card.rows.map(row => [row.key, row.name, row.rank, ...COLUMNS.map(c => c.of(row))].map(cell).join(','));
  return `\ufeff${[head.map(cell).join(','), ...lines].join('\r\n')}\r\n`;
}
