// What a person does to an alert. The service answers when it has it in its log; the stream then brings the change.
import { batch, signal, useSignal, type Signal } from '@preact/signals';
import type { ComponentChildren } from 'preact';
import { useEffect, useLayoutEffect, useRef } from 'preact/hooks';
import { alertPath, post, Problem } from '../core/api';
import { kept } from '../core/memory';
import { actingAs, mayAct, saidName, session } from '../core/session';
import type { Alert } from '../core/types';
import { t } from '../core/words';

type Kind = 'acknowledge' | 'assign' | 'comment' | 'close';
const OUTCOMES = ['true', 'false', 'duplicate'] as const;
const recent = kept<string[]>(
  'assignees',
  [],
  value => Array.isArray(value) && value.every(v => typeof v === 'string'),
);

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

export async function act(kind: Kind, id: string, more: Record<string, string> = {}): Promise<boolean> {
  try {
    await post(alertPath(id, `/${kind}`), { by: actingAs.value, ...more });
    say(t(`done_${kind}`));
    return true;
  } catch (error) {
    say(`${t('not_done')} ${error instanceof Problem ? error.message : String(error)}`, true);
    return false;
  }
}

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
  const run = async (kind: Kind, more: Record<string, string> = {}) => {
    acted = { id: alert.alert_id, kind, at: Date.now() };
    busy.value = true;
    const done = await act(kind, alert.alert_id, more);
    batch(() => {
      acted = { id: alert.alert_id, kind, at: Date.now() };
      busy.value = false;
      if (done) form.value = null;
    });
  };
  const press = (kind: Kind) => {
    if (actingAs.value === '') wantsName.value = () => press(kind);
    else if (kind === 'acknowledge') void run('acknowledge');
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
      {form.value === 'assign' && <AssignForm busy={busy.value} done={to => run('assign', { to })} />}
      {form.value === 'comment' && <CommentForm busy={busy.value} done={note => run('comment', { note })} />}
      {form.value === 'close' && (
        <CloseForm busy={busy.value} done={(outcome, note) => run('close', note ? { outcome, note } : { outcome })} />
      )}
    </div>
  );
}

function useFirstFocus() {
  const first = useRef<HTMLInputElement & HTMLTextAreaElement>(null);
  useEffect(() => first.current?.focus(), []);
  return first;
}

// What every one of the forms does: it is sent only when it is complete, and not twice.
function ActionForm(props: {
  kind: Kind;
  busy: boolean;
  complete: boolean;
  send: () => void;
  children: ComponentChildren;
}) {
  return (
    <form
      class="action-form"
      onKeyDown={event => {
        if (event.key !== 'Enter' || !(event.ctrlKey || event.metaKey)) return;
        event.preventDefault();
        event.currentTarget.requestSubmit();
      }}
      onSubmit={event => {
        event.preventDefault();
        if (props.complete && !props.busy) props.send();
      }}
    >
      {props.children}
      <button class="button first" disabled={props.busy || !props.complete}>
        {t(props.kind)}
      </button>
    </form>
  );
}

function AssignForm({ busy, done }: { busy: boolean; done: (to: string) => void }) {
  const to = useSignal(''),
    name = to.value.trim(),
    first = useFirstFocus();
  const send = () => {
    recent.value = [name, ...recent.value.filter(n => n !== name)].slice(0, 12);
    done(name);
  };
  return (
    <ActionForm kind="assign" busy={busy} complete={name !== ''} send={send}>
      <label>
        {t('assign_to')}
        <input
          ref={first}
          required
          maxLength={60}
          list="assignees"
          value={to.value}
          onInput={e => {
            to.value = e.currentTarget.value;
          }}
        />
      </label>
      <datalist id="assignees">
        {recent.value.map(known => (
          <option key={known} value={known} />
        ))}
      </datalist>
    </ActionForm>
  );
}

function NoteField({ note, required = false }: { note: Signal<string>; required?: boolean }) {
  const first = useFirstFocus();
  return (
    <label>
      {t(required ? 'note' : 'note_optional')}
      <textarea
        ref={required ? first : undefined}
        rows={2}
        required={required}
        maxLength={1300}
        value={note.value}
        onInput={e => {
          note.value = e.currentTarget.value;
        }}
      />
    </label>
  );
}

function CommentForm({ busy, done }: { busy: boolean; done: (note: string) => void }) {
  const note = useSignal(''),
    words = note.value.trim();
  return (
    <ActionForm kind="comment" busy={busy} complete={words !== ''} send={() => done(words)}>
      <NoteField note={note} required />
    </ActionForm>
  );
}

function CloseForm({ busy, done }: { busy: boolean; done: (outcome: string, note: string) => void }) {
  const outcome = useSignal(''),
    note = useSignal(''),
    first = useFirstFocus();
  const send = () => done(outcome.value, note.value.trim());
  return (
    <ActionForm kind="close" busy={busy} complete={outcome.value !== ''} send={send}>
      <fieldset>
        <legend>{t('outcome')}</legend>
        {OUTCOMES.map((name, i) => (
          <label key={name} class="option">
            <input
              ref={i === 0 ? first : undefined}
              type="radio"
              name="outcome"
              value={name}
              checked={outcome.value === name}
              onChange={() => {
                outcome.value = name;
              }}
            />
            {t(`outcome_${name}`)}
          </label>
        ))}
      </fieldset>
      <NoteField note={note} />
    </ActionForm>
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
