// What happened to an alert, newest first; of a long history the earlier part when somebody asks for it.
import { useSignal } from '@preact/signals';
import { useRef } from 'preact/hooks';
import { Problem } from '../core/api';
import { clock } from '../core/format';
import { SeverityMark } from '../core/marks';
import type { Transition } from '../core/types';
import { t, term } from '../core/words';
import { isCut, type Told } from './history_model';
import { changedValues } from './why';

export function History({ told, readEarlier }: { told: Told; readEarlier: () => Promise<void> }) {
  const list = useRef<HTMLOListElement>(null),
    busy = useSignal(false),
    problem = useSignal<Problem | null>(null);
  const more = async () => {
    const shown = told.history.length;
    busy.value = true;
    problem.value = null;
    try {
      await readEarlier();
      // the keyboard goes on where the earlier ones begin
      requestAnimationFrame(() => {
        const first = list.current?.children[shown];
        if (!(first instanceof HTMLElement)) return;
        first.tabIndex = -1;
        first.focus();
      });
    } catch (error) {
      if (!(error instanceof Problem)) throw error;
      problem.value = error;
    } finally {
      busy.value = false;
    }
  };
  return (
    <>
      <ol class="history" ref={list}>
        {told.history
          .map((change, i) => [change, told.history[i - 1]] as const)
          .reverse()
          .map(([change, before]) => (
            <Change key={change.id} change={change} before={before} />
          ))}
      </ol>
      {problem.value && (
        <p class="bad-text" role="alert">
          {t('failed')}. {problem.value.message}
        </p>
      )}
      {told.earlier > 0 && (
        <button type="button" class="link earlier" disabled={busy.value} onClick={() => void more()}>
          {t(busy.value ? 'loading' : 'show_earlier')}
        </button>
      )}
      {isCut(told) && <p class="soft">{t('history_cut')}</p>}
    </>
  );
}

function Change({ change, before }: { change: Transition; before: Transition | undefined }) {
  const type = change.type.split('.').pop() ?? '',
    data = change.data;
  const reason = data.reason && data.reason !== type ? term('reason', data.reason) : '';
  return (
    <li>
      <time dateTime={change.time}>{clock(change.time, true)}</time>
      <SeverityMark severity={data.severity} bare />
      <span>
        <b>{term('type', type)}</b>{' '}
        {[
          reason,
          data.by,
          data.to && `→ ${data.to}`,
          type === 'closed' && data.outcome && term('outcome', data.outcome),
          ...changedValues(data, before?.data),
        ]
          .filter(Boolean)
          .join(' · ')}
        {data.note && <q>{data.note}</q>}
      </span>
    </li>
  );
}
