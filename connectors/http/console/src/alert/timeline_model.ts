// What the timeline draws, computed from the evidence, the alert's history and its rule. Without the page.
import type { EventRef, Transition } from '../core/types';

export interface Dot {
  at: number;
  lane: number;
  event: EventRef;
}
export interface Step {
  at: number;
  value: number;
}
export interface Timeline {
  from: number;
  until: number; // of the axis
  lanes: string[];
  dots: Dot[];
  window: { from: number; until: number } | null; // that the latest judgement looked at
  steps: Step[];
  bound: number | null;
  top: number; // the value that fired, over time, and its threshold
}

// `measure`: the value's name among `values`; `within`: the rule's window in seconds.
export function timeline(
  events: EventRef[],
  history: Transition[],
  measure: string | null,
  bound: number | null,
  within: number | null,
  openedAt: number,
  updatedAt: number,
): Timeline | null {
  const timed = events
    .map(event => ({ at: Date.parse(event.occurred_at), event }))
    .filter(e => Number.isFinite(e.at))
    .sort((a, b) => a.at - b.at);
  const lanes = [...new Set(timed.map(e => e.event.source))];
  const dots = timed.map(({ at, event }) => ({ at, event, lane: lanes.indexOf(event.source) }));
  const steps: Step[] = [];
  if (measure !== null) {
    for (const change of history) {
      const value = change.data?.values?.[measure];
      const at = Date.parse(change.time);
      if (typeof value === 'number' && Number.isFinite(at)) steps.push({ at, value });
    }
    steps.sort((a, b) => a.at - b.at);
  }
  const judged = dots.length > 0 ? dots[dots.length - 1]!.at : updatedAt;
  const window = within === null ? null : { from: judged - within * 1000, until: judged };
  const times = [
    ...dots.map(d => d.at),
    ...steps.map(s => s.at),
    openedAt,
    ...(window ? [window.from, window.until] : []),
  ].filter(Number.isFinite);
  if (times.length === 0) return null;
  const first = Math.min(...times),
    last = Math.max(...times),
    room = Math.max((last - first) * 0.03, 30_000);
  const values = [...steps.map(s => s.value), bound ?? 0];
  return {
    from: first - room,
    until: last + room,
    lanes,
    dots,
    window,
    steps,
    bound,
    top: Math.max(...values, 1) * 1.15,
  };
}

// Times for an axis: round ones, at most `most`.
const ROUND = [1, 2, 5, 10, 15, 30, 60, 120, 180, 360, 720, 1440, 2880, 7200, 14400, 43200].map(m => m * 60_000);
export function ticks(from: number, until: number, most: number): number[] {
  const every = ROUND.find(r => (until - from) / r <= most) ?? (until - from) / most;
  const found: number[] = [];
  for (let at = Math.ceil(from / every) * every; at <= until; at += every) found.push(at);
  return found;
}
