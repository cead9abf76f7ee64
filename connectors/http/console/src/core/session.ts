// Who is in front of the page, and what they may do. The server decides; this only leaves out what it would refuse.
import { computed, effect, signal } from '@preact/signals';
import { get, post, Problem, refused } from './api';
import { kept } from './memory';
import type { Role, Session } from './types';

export type SessionState = 'loading' | 'in' | 'out' | 'unreachable';
export const sessionState = signal<SessionState>('loading');
export const session = signal<Session | null>(null);

const RANK: Record<Role, number> = { viewer: 0, officer: 1, planner: 2, admin: 3 };
export const mayAct = computed(() => session.value !== null && RANK[session.value.role ?? 'viewer'] >= RANK.officer);
export const mayPlan = computed(() => session.value !== null && RANK[session.value.role ?? 'viewer'] >= RANK.planner);

// Where no tokens are configured nobody has a name: the person says it once.
export const saidName = kept<string>('name', '', value => typeof value === 'string');
export const actingAs = computed(() => (session.value?.open === false ? (session.value.name ?? '') : saidName.value));

const OPEN: Session = { open: true, signed_in: true, role: 'admin', area: '' };

export async function readSession(): Promise<void> {
  try {
    take(await get<Session>('/api/v1/session'));
  } catch (error) {
    if (!(error instanceof Problem)) throw error;
    if (error.status === 404)
      take(OPEN); // a service without tokens
    else if (error.status === 401) sessionState.value = 'out';
    else if (sessionState.value === 'loading') {
      sessionState.value = 'unreachable';
      setTimeout(() => void readSession(), 2000);
    } else setTimeout(() => void readSession(), 2000);
  }
}

function take(found: Session): void {
  session.value = found;
  sessionState.value = found.signed_in ? 'in' : 'out';
}

export async function signIn(token: string): Promise<void> {
  await post('/api/v1/session', { token });
  await readSession();
}

export async function signOut(): Promise<void> {
  await post('/api/v1/session/end', {});
  session.value = null;
  sessionState.value = 'out';
}

effect(() => {
  if (refused.value > 0 && sessionState.peek() === 'in') {
    session.value = null;
    sessionState.value = 'out';
  }
});
