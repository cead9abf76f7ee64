// The service's own state, as GET /api/v1/status tells it, and what a person should think of it. Without the page.
// Counts are null for an account of an area.
export interface SourceState {
  source: string;
  partitions: number | null;
  read: number | null;
  rejected: number | null;
  duplicate: number | null;
  late: number | null;
  rate: number | null;
  watermark: string | null;
  watermark_lag_seconds: number | null;
  lag_records: number | null;
  lag_seconds: number | null;
  last_event_at: string | null;
}
export interface Check {
  name: string;
  ok: boolean;
  reason: string;
}
export interface ServiceStatus {
  version: string;
  time: 'clock' | 'log'; // how it moves
  uptime_seconds: number;
  ready: boolean;
  sources: SourceState[];
  rules: { id: string; matches: number | null; errors: number | null; state_keys: number | null; open: number }[];
  shards: { shard: number; keys: number; busy: number }[];
  commit: { seconds_p99: number | null; age_seconds: number | null };
  outbox_depth: number | null;
  state_bytes: number | null;
  streams: number;
  checks: Check[];
}

// Degraded: what it cannot work without is there, and something beside it is not.
export type Standing = 'ready' | 'degraded' | 'not';
export function standing(status: Pick<ServiceStatus, 'ready' | 'checks'>): Standing {
  if (!status.ready) return 'not';
  return status.checks.every(c => c.ok) ? 'ready' : 'degraded';
}

export type Freshness = 'flowing' | 'behind' | 'quiet' | 'never';
const BEHIND_S = 60,
  QUIET_S = 900;

// Behind: the log has more than was read, by over a minute. Quiet: nothing has come for a quarter of an hour.
export function freshness(source: SourceState, now: number): Freshness {
  if (source.read === 0) return 'never';
  if ((source.lag_seconds ?? 0) > BEHIND_S) return 'behind';
  const last = Date.parse(source.last_event_at ?? '');
  if ((source.rate ?? 0) <= 0 && Number.isFinite(last) && (now - last) / 1000 > QUIET_S) return 'quiet';
  return 'flowing';
}
