// One backtest at a time for a panel: asked, told how long it runs, cancelled, answered or failed. A later question
// takes the place of an earlier one.
import { useSignal, type Signal } from '@preact/signals';
import { useEffect, useRef } from 'preact/hooks';
import { post, Problem } from '../core/api';
import { Failed } from '../core/marks';
import { t } from '../core/words';
import type { Backtest } from './backtest';

export interface Asking {
  since: Signal<number>; // when the question was put; 0: none is under way
  problem: Signal<Problem | null>;
  ask: (question: object, answered: (found: Backtest) => void) => Promise<void>;
  cancel: () => void;
}

export function useBacktest(): Asking {
  const problem = useSignal<Problem | null>(null),
    since = useSignal(0),
    current = useRef<AbortController | null>(null);
  useEffect(() => () => current.current?.abort(), []);
  const cancel = () => {
    current.current?.abort();
    since.value = 0;
  };
  const ask = async (question: object, answered: (found: Backtest) => void) => {
    current.current?.abort();
    const mine = (current.current = new AbortController());
    since.value = Date.now();
    problem.value = null;
    try {
      answered(await post<Backtest>('/api/v1/rules/backtest', question, mine.signal));
    } catch (error) {
      if (!mine.signal.aborted) problem.value = error instanceof Problem ? error : new Problem(0, String(error), '');
    } finally {
      if (current.current === mine) since.value = 0;
    }
  };
  return { since, problem, ask, cancel };
}

export function Progress({ of, retry }: { of: Asking; retry: () => void }) {
  return (
    <>
      {of.since.value > 0 && <Running since={of.since.value} cancel={of.cancel} />}
      {of.problem.value && <Failed problem={of.problem.value} retry={retry} />}
    </>
  );
}

function Running({ since, cancel }: { since: number; cancel: () => void }) {
  const seconds = useSignal(0);
  useEffect(() => {
    const timer = setInterval(() => {
      seconds.value = Math.floor((Date.now() - since) / 1000);
    }, 500);
    return () => clearInterval(timer);
  }, [since]);
  return (
    <p class="running" role="status">
      <span class="turning" aria-hidden="true" />
      {t('running', { n: seconds.value })}{' '}
      <button type="button" class="link" onClick={cancel}>
        {t('cancel')}
      </button>
    </p>
  );
}
