// The alerts that the page knows: read once as a list, then kept by the stream after the list's sequence, so that nothing
// falls between the two. However fast they come, signals change a few times a second.
import { computed, signal } from '@preact/signals';
import { get, Problem } from './api';
import type { Frame } from './frames';
import { areaNames, areaText, zone } from './format';
import { kept } from './memory';
import { mayPlan } from './session';
import { forgetSilences, noteTime, readSilences } from './silences';
import { Stream } from './stream';
import { OPEN_STATES, type Alert, type AlertPage, type Rule, type RuleList } from './types';

export interface Row {
  alert: Alert;
  opened: number; // milliseconds
  search: string; // lower case, in both languages
  arrived: number; // when the stream brought it; 0: it stood in the list
}
export type Line = 'connecting' | 'live' | 'lost';

const PAGE = 1000,
  MAX_PAGES = 20;
const MAX_ENDED = 2000; // kept of those that end while the page is open
const DRAW_MS = 120; // between two changes of the signals, when there are many

export const line = signal<Line>('connecting');
export const lostSince = signal(0);
export const loaded = signal(false);
export const truncated = signal(false); // there are more than the page holds
export const gap = signal(false);
export const failure = signal<Problem | null>(null);
export const rules = signal<Map<string, Rule>>(new Map());
export const withShadow = kept<boolean>('shadow', false, value => typeof value === 'boolean');

// What rules on trial say is for planners: another's choice on this browser asks for nothing that is refused.
const askShadow = () => withShadow.value && mayPlan.value;

const rows = new Map<string, Row>();
const ended = new Map<string, Row>();
const version = signal(0);
export const openRows = computed<Row[]>(() => (version.value, [...rows.values()]));
export const endedRows = computed<Row[]>(() => (version.value, [...ended.values()]));
// Counts up with each transition of an alert: who shows one alert reads it again.
export const touched = signal<{ id: string; seq: number; count: number }>({ id: '', seq: 0, count: 0 });

export const rowOf = (id: string): Row | undefined => rows.get(id) ?? ended.get(id);
export const isShadow = (alert: Alert) => rules.value.get(alert.rule)?.mode === 'shadow';

let drawnAt = 0,
  pending = false;
function changed(): void {
  if (pending) return;
  pending = true;
  setTimeout(
    () => {
      pending = false;
      drawnAt = performance.now();
      version.value++;
    },
    Math.max(0, drawnAt + DRAW_MS - performance.now()),
  );
}

function searchText(alert: Alert): string {
  return [
    alert.name?.zh,
    alert.name?.en,
    alert.summary?.zh,
    alert.summary?.en,
    alert.rule,
    alert.alert_id,
    areaText(alert.area),
    alert.area?.village,
    alert.owner,
    alert.assigned_to,
    JSON.stringify(alert.key ?? ''),
  ]
    .filter(Boolean)
    .join('\n')
    .toLowerCase();
}

function take(alert: Alert, arrived: number): void {
  const known = rowOf(alert.alert_id);
  if (known && known.alert.seq >= alert.seq) return;
  noteTime(alert);
  const name = alert.name?.zh || alert.name?.en ? alert.name : rules.value.get(alert.rule)?.name;
  const whole: Alert = { ...alert, name };
  const row: Row = { alert: whole, opened: Date.parse(alert.opened_at) || 0, search: searchText(whole), arrived };
  if (OPEN_STATES.includes(alert.status)) {
    ended.delete(alert.alert_id);
    rows.set(alert.alert_id, row);
  } else {
    rows.delete(alert.alert_id);
    ended.delete(alert.alert_id); // again at the end
    ended.set(alert.alert_id, row);
    if (ended.size > MAX_ENDED) ended.delete(ended.keys().next().value!);
  }
}

function forget(id: string): void {
  rows.delete(id);
  ended.delete(id);
}

function receive(frames: Frame[]): void {
  const at = Date.now();
  for (const frame of frames) {
    if (frame.event === 'silences') {
      void readSilences();
      continue;
    }
    if (frame.event === 'gap') {
      gap.value = true;
      setTimeout(() => {
        gap.value = false;
      }, 10_000);
      void load();
      return;
    }
    let message: { alert_id?: string; data?: Alert };
    try {
      message = JSON.parse(frame.data) as typeof message;
    } catch {
      continue;
    }
    if (frame.event === 'left') forget(message.alert_id ?? '');
    else if (frame.event === 'alert' && message.data) {
      take(message.data, at);
      touched.value = { id: message.data.alert_id, seq: message.data.seq, count: touched.value.count + 1 };
    }
  }
  changed();
}

let stream: Stream | null = null,
  loading = 0,
  retry = 0;

function follow(sequence: number): void {
  stream?.stop();
  stream = new Stream(sequence, askShadow(), {
    connected: () => {
      line.value = 'live';
      lostSince.value = 0;
      void readSilences(); // from here on the stream tells when they are others
    },
    lost: () => {
      if (line.value !== 'lost') lostSince.value = Date.now();
      line.value = 'lost';
    },
    frames: receive,
  });
}

// Reads everything anew, then streams what comes after it. The first page is shown before the others are there.
export async function load(): Promise<void> {
  const mine = ++loading;
  clearTimeout(retry);
  try {
    const list = await get<RuleList>('/api/v1/rules');
    if (mine !== loading) return;
    rules.value = new Map(list.rules.map(rule => [rule.id, rule]));
    zone.value = list.zone;
    areaNames.value = list.areas ?? {};
    const query = { status: OPEN_STATES.join(','), limit: PAGE, shadow: askShadow() };
    let page = await get<AlertPage>('/api/v1/alerts', query);
    if (mine !== loading) return;
    const sequence = page.sequence;
    rows.clear();
    for (let pages = 1; ; pages++) {
      for (const alert of page.alerts) take(alert, 0);
      truncated.value = page.next !== null && pages >= MAX_PAGES;
      if (pages === 1) {
        loaded.value = true;
        failure.value = null;
        follow(sequence);
        version.value++;
      }
      if (page.next === null || pages >= MAX_PAGES) break;
      page = await get<AlertPage>('/api/v1/alerts', { ...query, cursor: page.next });
      if (mine !== loading) return;
    }
    version.value++;
  } catch (error) {
    if (mine !== loading) return;
    failure.value = error instanceof Problem ? error : new Problem(0, String(error), '');
    if (failure.value.status === 401) return;
    if (line.value !== 'lost') lostSince.value = Date.now();
    line.value = 'lost';
    retry = window.setTimeout(() => void load(), 2000);
  }
}

// The alerts that ended before the page was opened, newest first: one page of them, when somebody asks.
export async function loadEnded(): Promise<void> {
  const page = await get<AlertPage>('/api/v1/alerts', { status: 'resolved,closed', limit: PAGE, shadow: askShadow() });
  for (const alert of [...page.alerts].reverse()) take(alert, 0);
  changed();
}

export function stop(): void {
  loading++;
  clearTimeout(retry);
  stream?.stop();
  stream = null;
  rows.clear();
  ended.clear();
  forgetSilences();
  loaded.value = false;
  line.value = 'connecting';
  version.value++;
}

export function showShadow(on: boolean): void {
  if (withShadow.value === on) return;
  withShadow.value = on;
  rows.clear();
  ended.clear();
  void load();
}
