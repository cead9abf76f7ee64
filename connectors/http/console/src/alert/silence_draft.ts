// A silence that an officer is about to make of an alert: "matters like this". Without the page.
import type { Scope } from '../core/silences';
import type { Alert, Severity } from '../core/types';
import type { ServiceStatus } from '../health/status';

const HOUR = 3_600_000;
// How long it lasts, in milliseconds; or until a time that is written.
export const LASTING = [HOUR / 2, 2 * HOUR, 8 * HOUR, 24 * HOUR, 7 * 24 * HOUR] as const;
export const UNTIL = 'until';

export interface Draft {
  rule: string; // empty: all
  area: string; // empty: all
  severity: Severity; // the gravest
  lasting: string; // one of LASTING, or UNTIL
  until: string; // 2026-06-01T18:00, in the service's zone
  reason: string;
}

// Areas that the alert lies in, the smallest first, of those that the account may silence; '' is everywhere.
export function areasOf(alert: Alert, account: string): string[] {
  const { city, town, village, grid } = alert.area ?? {};
  const codes = [grid, village, town, city].filter((code): code is string => !!code && code.startsWith(account));
  return account === '' ? [...codes, ''] : codes;
}

// The narrowest that covers the alert as it is: what grows graver rings again.
export function draftOf(alert: Alert, account: string): Draft {
  return {
    rule: alert.rule,
    area: areasOf(alert, account)[0] ?? '',
    severity: alert.severity,
    lasting: String(LASTING[1]),
    until: '',
    reason: '',
  };
}

export const isComplete = (draft: Draft): boolean =>
  draft.reason.trim() !== '' && (draft.lasting !== UNTIL || draft.until !== '');

export const scopeOf = (draft: Draft): Scope => ({
  ...(draft.rule && { rules: [draft.rule] }),
  ...(draft.area && { area: draft.area }),
  severity: draft.severity,
});

// From when "for two hours" counts: silences end in event time, which is the clock's unless only events move it.
export function eventTime(status: Pick<ServiceStatus, 'time' | 'sources'>, clock: number): number {
  const stands = Math.max(...status.sources.map(source => Date.parse(source.watermark ?? '') || 0), 0);
  return status.time === 'log' && stands > 0 ? stands : Math.max(clock, stands);
}

// What POST /api/v1/silences takes. `from`: event time.
export const bodyOf = (draft: Draft, by: string, from: number) => ({
  by,
  reason: draft.reason.trim(),
  until: draft.lasting === UNTIL ? draft.until : from + Number(draft.lasting),
  ...scopeOf(draft),
});
