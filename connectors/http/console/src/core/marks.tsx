// Severity by colour, form and word; the state of an alert; small parts that all panels use.
import type { ComponentChildren } from 'preact';
import { t, term } from './words';
import type { Severity, Status } from './types';
import type { Problem } from './api';

export const SHAPES: Record<Severity, string> = {
  red: 'M5 1h6l4 4v6l-4 4H5l-4-4V5z',
  orange: 'M8 1l7.5 13.5H.5z',
  yellow: 'M8 .5L15.5 8 8 15.5.5 8z',
  blue: 'M8 1a7 7 0 1 1 0 14A7 7 0 0 1 8 1z',
};

export function SeverityMark({ severity, bare }: { severity: Severity; bare?: boolean }) {
  return (
    <span class={`severity ${severity}`}>
      <svg viewBox="0 0 16 16" aria-hidden="true">
        <path d={SHAPES[severity] ?? SHAPES.blue} />
      </svg>
      <span class={bare ? 'unseen' : ''}>{term('severity', severity)}</span>
    </span>
  );
}

const STATE_FORMS: Record<Status, string> = {
  open: 'M8 2.5a5.5 5.5 0 1 1 0 11a5.5 5.5 0 0 1 0-11z',
  acknowledged: 'M2.5 8.5l3.5 3.5 7.5-8',
  assigned: 'M2 8h10M8.5 4l4 4-4 4',
  resolved: 'M2.5 8h11',
  closed: 'M4 4l8 8M12 4l-8 8',
};

export function StateMark({ status, to }: { status: Status; to?: string }) {
  return (
    <span class="state" title={to ? `${term('status', status)} → ${to}` : undefined}>
      <svg viewBox="0 0 16 16" aria-hidden="true">
        <path d={STATE_FORMS[status] ?? STATE_FORMS.open} />
      </svg>
      {term('status', status)}
    </span>
  );
}

export function Empty({ title, children }: { title: string; children?: ComponentChildren }) {
  return (
    <div class="nothing">
      <p class="nothing-title">{title}</p>
      {children && <div class="soft">{children}</div>}
    </div>
  );
}

export function Loading({ what }: { what?: string }) {
  return (
    <div class="nothing" role="status">
      <span class="turning" aria-hidden="true" />
      <p class="soft">{what ?? t('loading')}</p>
    </div>
  );
}

export function Failed({ problem, retry }: { problem: Problem; retry?: () => void }) {
  const missing = problem.status === 404 || problem.status === 405;
  return (
    <div class="nothing" role="alert">
      <p class="nothing-title">{missing ? t('not_offered') : problem.status === 403 ? t('forbidden') : t('failed')}</p>
      <p class="soft">
        {problem.message}
        {problem.status > 0 && ` (${problem.status})`}
      </p>
      {retry && !missing && problem.status !== 403 && (
        <button class="button" type="button" onClick={retry}>
          {t('try_again')}
        </button>
      )}
    </div>
  );
}

// Pressed or not; a set of them filters.
export function Toggle({
  on,
  change,
  children,
  label,
  cls,
}: {
  on: boolean;
  change: () => void;
  children: ComponentChildren;
  label?: string;
  cls?: string;
}) {
  return (
    <button type="button" class={`toggle ${cls ?? ''}`} aria-pressed={on} aria-label={label} onClick={change}>
      {children}
    </button>
  );
}
