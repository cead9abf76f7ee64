// Silences in force: what they keep still, and the words for an alert that one of them keeps from those who would be told.
import { signal } from '@preact/signals';
import { get } from './api';
import { clock } from './format';
import type { Alert } from './types';
import { t, term } from './words';

export interface Silence {
  id: string;
  by: string;
  reason: string;
  until: string;
  rules?: string[];
  area?: string;
  severity?: string; // the gravest that it silences; red: all
}

export const silences = signal<Map<string, Silence>>(new Map());
const asked = new Set<string>(); // ids that were looked for: one that has ended is not asked for again

export async function readSilences(): Promise<void> {
  try {
    const found = await get<{ silences: Silence[] }>('/api/v1/silences');
    silences.value = new Map(found.silences.map(silence => [silence.id, silence]));
  } catch {
    // the mark stands without its until and by
  }
}

// Called for each alert that comes: a silence that is not known yet is read, once.
export function noteSilences(alert: Alert): void {
  const fresh = (alert.silenced_by ?? []).filter(id => !silences.value.has(id) && !asked.has(id));
  if (fresh.length === 0) return;
  for (const id of fresh) asked.add(id);
  void readSilences();
}

export const isSilenced = (alert: Alert): boolean => (alert.silenced_by?.length ?? 0) > 0;

export const severitiesOf = (silence: Silence): string =>
  !silence.severity || silence.severity === 'red'
    ? t('any_severity')
    : t('severity_up_to', { severity: term('severity', silence.severity) });

// "until 11-25 00:00 · city desk · road works", of each silence that is known.
export function silencedBy(alert: Alert): string {
  return (alert.silenced_by ?? [])
    .map(id => silences.value.get(id))
    .filter(silence => silence !== undefined)
    .map(silence =>
      [t('until', { time: clock(silence.until) }), silence.by, silence.reason].filter(Boolean).join(' · '),
    )
    .join('; ');
}
