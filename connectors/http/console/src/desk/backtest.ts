// The answer of a backtest, as `tocsin backtest --format json` prints it.
import type { Both, Severity } from '../core/types';

export interface Miss {
  line: number;
  key: string;
  from: string | null;
  until: string | null;
  nearest_alert: string | null;
}
export interface Accuracy {
  labels: number;
  found: number;
  hits: number;
  denied: number;
  false_alerts: number;
  false_alerts_a_day: number;
  precision: number | null;
  recall: number | null;
  lead_seconds: { least: number | null; median: number | null; p90: number | null };
  missed: Miss[];
}
export interface Result {
  rule: string;
  value?: string;
  name: Both;
  shadow: boolean;
  alerts: number;
  alerts_a_day: number;
  reopened: number;
  open: number;
  merged: number;
  muted: number;
  transitions: number;
  median_open_seconds: number;
  by_severity: Partial<Record<Severity, number>>;
  by_area: { town: string; name: string; alerts: number; alerts_a_day: number }[];
  accuracy?: Accuracy;
}
export interface Story {
  alert_id: string;
  key: string;
  severity: Severity;
  town: string;
  opened_at: string | null;
  reopened: number;
  ended_at: string | null;
  reason: string;
}
export interface Difference {
  against: string;
  rules: {
    rule: string;
    alerts: number;
    alerts_against: number;
    same: number;
    changed: number;
    only_here: number;
    only_against: number;
  }[];
  alerts: {
    rule: string;
    change: 'only_here' | 'only_against' | 'changed';
    differs: string[];
    here: Story | null;
    against: Story | null;
  }[];
}
export interface Backtest {
  from: string | null;
  until: string | null;
  days: number;
  events: number;
  param: string | null;
  results: Result[];
  difference?: Difference;
}
export interface Diagnostic {
  severity: 'error' | 'warning';
  code: string;
  message: string;
  file: string;
  line: number;
  column: number;
  length: number;
  snippet?: string;
  hint?: string;
}
export interface Checked {
  faults: number;
  diagnostics: Diagnostic[];
}
