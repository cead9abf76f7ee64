// What a person does to an alert. The service answers when it has it in its log; the stream then brings the change.
import { batch, signal, useSignal } from '@preact/signals';
import { useEffect, useLayoutEffect, useRef } from 'preact/hooks';
import { alertPath, get, post, Problem } from '../core/api';
import { clock } from '../core/format';
import { actingAs, mayAct, saidName, session } from '../core/session';
import type { Alert } from '../core/types';
import { t } from '../core/words';
import type { ServiceStatus } from '../health/status';
import { AssignForm, CloseForm, CommentForm, type Deed, type Kind } from './forms';
import { bodyOf, eventTime, type Draft } from './silence_draft';
import { SilenceForm } from './silence_form';

export const toast = signal<{ text: string; bad: boolean } | null>(null);
let toastTimer = 0;
export function say(text: string, bad = false): void {
  clearTimeout(toastTimer);
  toast.value = { text, bad };
  toastTimer = window.setTimeout(
    () => {
      toast.value = null;
    },
    bad ? 12_000 : 4_000,
  );
}

// Does it and says what came of it.
export async function attempt(work: () => Promise<string>): Promise<boolean> {
  try {
    say(await work());
    return true;
  } catch (error) {
    say(`${t('not_done')} ${error instanceof Problem ? error.message : String(error)}`, true);
    return false;
  }
}

const act = (kind: Deed, id: string, more: Record<string, string> = {}): Promise<boolean> =>
  attempt(async () => {
    await post(alertPath(id, `/${kind}`), { by: actingAs.value, ...more });
    return t(`done_${kind}`);
  });

const silence = (draft: Draft): Promise<boolean> =>
  attempt(async () => {
    const from = eventTime(await get<ServiceStatus>('/api/v1/status'), Date.now());
    const body = bodyOf(draft, actingAs.value, from);
    await post('/api/v1/silences', body);
    const until = typeof body.until === 'number' ? clock(body.until) : body.until.replace('T', ' ');
    return t('done_silence', { time: until });
  });

const FOCUS_MS = 10000; // for so long after an action a lost focus is brought back

export const wantsName = signal<(() => void) | null>(null); // what is to be done once a name is known

// The keyboard's `a`, from the list or from the alert.
export function acknowledge(alert: Alert): void {
  if (!mayAct.value || alert.status !== 'open') return;
  if (actingAs.value === '') wantsName.value = () => void act('acknowledge', alert.alert_id);
  else void act('acknowledge', alert.alert_id);
}

// The latest action here; not the component's, which is made anew when the alert's details arrive.
let acted = { id: '', kind: '', at: 0 };

export function Actions({ alert }: { alert: Alert }) {
  const form = useSignal<Kind | null>(null),
    busy = useSignal(false);
  const row = useRef<HTMLDivElement>(null);
  const ended = alert.status === 'closed';
  useLayoutEffect(() => {
    // the button that was pressed is off now, or its form is gone: the keyboard goes on beside it, not from the top
    const at = document.activeElement,
      lost = at === document.body || (at instanceof HTMLButtonElement && at.disabled);
    if (!lost || busy.value || form.value || acted.id !== alert.alert_id || Date.now() - acted.at > FOCUS_MS) return;
    const buttons = [...(row.current?.querySelectorAll<HTMLButtonElement>('button:not(:disabled)') ?? [])];
    (buttons.find(b => b.dataset.kind === acted.kind) ?? buttons[0])?.focus();
  });
  useEffect(() => {
    const elsewhere = () => {
      acted.at = 0; // from here on the focus goes where the person puts it
    };
    document.addEventListener('pointerdown', elsewhere, true);
    return () => document.removeEventListener('pointerdown', elsewhere, true);
  }, []);
  if (!mayAct.value) return <p class="soft actions-none">{t('read_only')}</p>;
  const run = async (kind: Kind, work: () => Promise<boolean>) => {
    acted = { id: alert.alert_id, kind, at: Date.now() };
    busy.value = true;
    const done = await work();
    batch(() => {
      acted = { id: alert.alert_id, kind, at: Date.now() };
      busy.value = false;
      if (done) form.value = null;
    });
  };
  const deed = (kind: Deed, more?: Record<string, string>) => run(kind, () => act(kind, alert.alert_id, more));
  const press = (kind: Kind) => {
    if (actingAs.value === '') wantsName.value = () => press(kind);
    else if (kind === 'acknowledge') void deed('acknowledge');
    else form.value = form.value === kind ? null : kind;
  };
  const button = (kind: Kind, off: boolean) => (
    <button
      type="button"
      class={`button ${kind === 'acknowledge' && alert.status === 'open' ? 'first' : ''}`}
      data-kind={kind}
      disabled={off || busy.value}
      aria-expanded={kind === 'acknowledge' ? undefined : form.value === kind}
      onClick={() => press(kind)}
    >
      {t(kind)}
    </button>
  );
  const leave = (event: KeyboardEvent) => {
    if (event.key !== 'Escape' || !form.value) return;
    event.preventDefault();
    event.stopPropagation();
    acted = { id: alert.alert_id, kind: form.value, at: Date.now() };
    form.value = null;
  };
  return (
    <div class="actions" onKeyDown={leave}>
      <div class="action-row" ref={row}>
        {button('acknowledge', alert.status !== 'open')}
        {button('assign', ended)}
        {button('comment', false)}
        {button('close', ended)}
        {button('silence', ended)}
        {session.value?.open && actingAs.value && (
          <button
            type="button"
            class="link"
            onClick={() => {
              wantsName.value = () => undefined;
            }}
          >
            {t('as', { name: actingAs.value })}
          </button>
        )}
      </div>
      {form.value === 'assign' && <AssignForm busy={busy.value} done={to => deed('assign', { to })} />}
      {form.value === 'comment' && <CommentForm busy={busy.value} done={note => deed('comment', { note })} />}
      {form.value === 'close' && (
        <CloseForm busy={busy.value} done={(outcome, note) => deed('close', note ? { outcome, note } : { outcome })} />
      )}
      {form.value === 'silence' && (
        <SilenceForm alert={alert} busy={busy.value} done={draft => run('silence', () => silence(draft))} />
      )}
    </div>
  );
}

export function NameDialog() {
  const name = useSignal(saidName.value),
    dialog = useRef<HTMLDialogElement>(null);
  useEffect(() => dialog.current?.showModal(), []);
  return (
    <dialog
      ref={dialog}
      class="dialog"
      aria-labelledby="name-title"
      onClose={() => {
        wantsName.value = null;
      }}
    >
      <form
        method="dialog"
        onSubmit={() => {
          saidName.value = name.value.trim();
          const next = wantsName.value;
          wantsName.value = null;
          if (saidName.value) next?.();
        }}
      >
        <h2 id="name-title">{t('your_name')}</h2>
        <p class="soft">{t('your_name_why')}</p>
        <label>
          {t('name')}
          <input
            required
            maxLength={60}
            value={name.value}
            autoComplete="name"
            onInput={e => {
              name.value = e.currentTarget.value;
            }}
          />
        </label>
        <div class="action-row">
          <button class="button first" disabled={name.value.trim() === ''}>
            {t('continue')}
          </button>
          <button type="button" class="button" onClick={() => dialog.current?.close()}>
            {t('cancel')}
          </button>
        </div>
      </form>
    </dialog>
  );
}
