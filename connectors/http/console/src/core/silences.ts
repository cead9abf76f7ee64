// Silences in force: what they keep still, and the words for an alert that one of them keeps from those who would be told.
// An alert carries the silences of its latest change; one that was made or ended since holds at once, so the open ones are
// looked at anew here, and the stream says when the silences are others.
import { signal } from '@preact/signals';
import { get, Problem } from './api';
import { clock } from './format';
import { mayAct, session } from './session';
import { OPEN_STATES, SEVERITIES, type Alert, type Severity } from './types';
import { t, term } from './words';

// What a silence covers; what is not there does not narrow it.
export interface Scope {
  rules?: string[];
  area?: string;
  severity?: string; // the gravest that it silences; red: all
  from?: string | null; // event time; a silence of a file may begin later
}
export interface Silence extends Scope {
  id: string;
  by: string;
  reason: string;
  until: string | null;
  in_file?: boolean;
}

export const silences = signal<Map<string, Silence> | null>(null); // null: not read yet
export const silencesProblem = signal<Problem | null>(null);
let turn = 0,
  reached = 0; // event time, as far as the alerts tell

export async function readSilences(): Promise<void> {
  const mine = ++turn;
  try {
    const found = await get<{ silences: Silence[] }>('/api/v1/silences');
    if (mine !== turn) return;
    silences.value = new Map(found.silences.map(silence => [silence.id, silence]));
    silencesProblem.value = null;
  } catch (error) {
    // the marks that the alerts bring stand without it
    if (mine === turn && error instanceof Problem) silencesProblem.value = error;
  }
}

export function forgetSilences(): void {
  turn++;
  silences.value = silencesProblem.value = null;
}

// Called for each alert that comes.
export function noteTime(alert: Alert): void {
  reached = Math.max(reached, Date.parse(alert.updated_at) || 0);
}

// As the engine has it (engine/alert/policy.cc): every narrowing holds, an area with all that lies under it.
export function covers(scope: Scope, alert: Alert): boolean {
  if (SEVERITIES.indexOf(alert.severity) < SEVERITIES.indexOf((scope.severity || 'red') as Severity)) return false;
  if (scope.rules && scope.rules.length > 0 && !scope.rules.includes(alert.rule)) return false;
  if (scope.from && Date.parse(scope.from) > Math.max(reached, Date.parse(alert.updated_at) || 0)) return false;
  const { city, town, village, grid } = alert.area ?? {};
  return !scope.area || [city, town, village, grid].some(code => code?.startsWith(scope.area!));
}

// Of an open alert those that hold now; of an ended one, those of its ending that are still known.
export function silencesOf(alert: Alert): Silence[] {
  const known = silences.value;
  if (!known) return [];
  if (OPEN_STATES.includes(alert.status)) return [...known.values()].filter(silence => covers(silence, alert));
  return (alert.silenced_by ?? []).map(id => known.get(id)).filter(silence => silence !== undefined);
}

export const isSilenced = (alert: Alert): boolean =>
  silences.value && OPEN_STATES.includes(alert.status)
    ? silencesOf(alert).length > 0
    : (alert.silenced_by?.length ?? 0) > 0;

// The server decides; this only leaves out what it would refuse.
export const mayEnd = (silence: Silence): boolean =>
  mayAct.value && !silence.in_file && (silence.area ?? '').startsWith(session.value?.area ?? '');

export const severitiesOf = (silence: Scope): string =>
  !silence.severity || silence.severity === 'red'
    ? t('any_severity')
    : t('severity_up_to', { severity: term('severity', silence.severity) });

// "until 11-25 00:00 · city desk · road works", of each silence that is known.
export function silencedBy(alert: Alert): string {
  return silencesOf(alert)
    .map(silence =>
      [silence.until && t('until', { time: clock(silence.until) }), silence.by, silence.reason]
        .filter(Boolean)
        .join(' · '),
    )
    .join('; ');
}
