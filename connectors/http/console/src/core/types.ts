// What the API tells, as far as the console reads it.
export type Severity = 'red' | 'orange' | 'yellow' | 'blue';
export type Status = 'open' | 'acknowledged' | 'assigned' | 'resolved' | 'closed';
export type Role = 'viewer' | 'officer' | 'planner' | 'admin';
export type Tier = 'city' | 'town' | 'village' | 'grid' | 'duty';

export const SEVERITIES: readonly Severity[] = ['red', 'orange', 'yellow', 'blue'];
export const OPEN_STATES: readonly Status[] = ['open', 'acknowledged', 'assigned'];

export interface Both {
  zh: string;
  en: string;
}
export interface AreaCodes {
  city?: string;
  town?: string;
  village?: string;
  grid?: string;
  microgrid?: string;
}
export interface Place {
  lon: number;
  lat: number;
  ring?: [number, number][];
}
export interface EventRef {
  source: string;
  id: string;
  occurred_at: string;
  place?: string;
  category?: string;
  text?: string;
  values?: Record<string, number>;
}
export interface Evidence {
  total: number;
  events: EventRef[];
}

export interface Alert {
  alert_id: string;
  seq: number;
  rule: string;
  rule_version: number;
  name?: Both;
  key?: unknown;
  severity: Severity;
  worst?: Severity;
  status: Status;
  opened_at: string;
  updated_at: string;
  last_event_at?: string;
  reason?: string;
  merged_into?: string | null;
  area?: AreaCodes;
  location?: Place | null;
  values?: Record<string, unknown>;
  params?: Record<string, unknown>;
  evidence?: Evidence;
  summary?: Both;
  advice?: Both;
  owner?: string;
  assigned_to?: string;
  outcome?: string;
  by?: string;
  to?: string;
  note?: string;
  silenced_by?: string[]; // silences that kept its latest change from those who would be told (core/silences.ts)
}
export interface Transition {
  id: string;
  type: string;
  time: string;
  data: Alert;
}
export interface AlertDetail extends Alert {
  history: Transition[]; // the newest that are kept, oldest first
  earlier: number; // changes before these
}
export interface AlertPage {
  alerts: Alert[];
  next: string | null;
  sequence: number;
}

export interface Rule {
  id: string;
  version: number;
  name?: Both;
  owner?: string;
  mode: 'active' | 'shadow' | 'off';
  kind: string;
  from?: string[];
  fire?: string;
  severity?: Partial<Record<Severity, string>>; // the condition of each
  file?: string;
  line?: number;
  within_seconds?: number;
  measures?: Record<string, Both & { unit?: string }>;
}
export interface Param {
  name: string;
  type: string;
  default: unknown;
  by?: string | null;
  override?: Record<string, unknown> | null;
}
export interface RuleSource extends Rule {
  text: string;
  params: Param[];
}
export interface RuleList {
  rules: Rule[];
  zone?: string;
  areas?: Record<string, string>;
}

export interface Session {
  open: boolean;
  signed_in: boolean;
  name?: string;
  role?: Role;
  area?: string;
  area_name?: string;
}
