// Which alerts are shown, and in which order.
import { computed, signal } from '@preact/signals';
import { kept } from '../core/memory';
import { endedRows, openRows, rules, type Row } from '../core/store';
import { SEVERITIES, type Severity, type Status } from '../core/types';

export const ORDERS = ['severity', 'newest', 'oldest'] as const;
export type Order = (typeof ORDERS)[number];
const STATES: Status[] = ['open', 'acknowledged', 'assigned', 'resolved', 'closed'];
const listOf = (known: readonly string[]) => (value: unknown) =>
  Array.isArray(value) && value.every(v => known.includes(v as string));
const isText = (value: unknown) => typeof value === 'string';

export const hidden = kept<Severity[]>('feed.hidden', [], listOf(SEVERITIES));
export const states = kept<Status[]>('feed.states', ['open', 'acknowledged', 'assigned'], listOf(STATES));
export const order = kept<Order>('feed.order', 'severity', value => ORDERS.includes(value as Order));
export const ruleFilter = kept<string>('feed.rule', '', isText);
export const ownerFilter = kept<string>('feed.owner', '', isText);
export const areaFilter = kept<string>('feed.area', '', isText);
export const search = signal('');
export { STATES };

export const wantsEnded = computed(() => states.value.includes('resolved') || states.value.includes('closed'));

export function underArea(row: Row, code: string): boolean {
  if (!code) return true;
  const { city, town, village, grid, microgrid } = row.alert.area ?? {};
  return (
    [city, town, village, grid, microgrid].some(c => c === code) ||
    (grid ?? village ?? town ?? city ?? '').startsWith(code)
  );
}

// All but the severity: the counts beside the severities are of these.
const candidates = computed<Row[]>(() => {
  const source = wantsEnded.value ? [...openRows.value, ...endedRows.value] : openRows.value;
  const words = search.value.trim().toLowerCase().split(/\s+/).filter(Boolean);
  const wanted = new Set(states.value),
    rule = ruleFilter.value,
    owner = ownerFilter.value,
    area = areaFilter.value;
  return source.filter(
    row =>
      wanted.has(row.alert.status) &&
      (!rule || row.alert.rule === rule) &&
      (!owner || row.alert.owner === owner) &&
      underArea(row, area) &&
      words.every(word => row.search.includes(word)),
  );
});

export const counts = computed<Record<Severity, number>>(() => {
  const found = { red: 0, orange: 0, yellow: 0, blue: 0 };
  for (const row of candidates.value) found[row.alert.severity]++;
  return found;
});

const RANK = Object.fromEntries(SEVERITIES.map((s, i) => [s, i])) as Record<Severity, number>;
const newest = (a: Row, b: Row) => b.opened - a.opened || (a.alert.alert_id < b.alert.alert_id ? -1 : 1);
const COMPARE: Record<Order, (a: Row, b: Row) => number> = {
  severity: (a, b) => RANK[a.alert.severity] - RANK[b.alert.severity] || newest(a, b),
  newest,
  oldest: (a, b) => -newest(a, b),
};

export const shown = computed<Row[]>(() => {
  const away = new Set(hidden.value);
  return candidates.value.filter(row => !away.has(row.alert.severity)).sort(COMPARE[order.value]);
});

export const filtered = computed(
  () =>
    hidden.value.length > 0 ||
    ruleFilter.value !== '' ||
    ownerFilter.value !== '' ||
    areaFilter.value !== '' ||
    search.value !== '' ||
    states.value.length !== 3 ||
    wantsEnded.value,
);

export const owners = computed(() =>
  [...new Set([...rules.value.values()].map(r => r.owner ?? '').filter(Boolean))].sort(),
);

export function clearFilters(): void {
  hidden.value = [];
  states.value = ['open', 'acknowledged', 'assigned'];
  ruleFilter.value = ownerFilter.value = areaFilter.value = search.value = '';
}

export function flip<T>(list: T[], item: T): T[] {
  return list.includes(item) ? list.filter(i => i !== item) : [...list, item];
}
