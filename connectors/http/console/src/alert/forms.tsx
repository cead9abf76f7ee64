// What a person fills in before an action: to whom, which words, which outcome.
import { useSignal, type Signal } from '@preact/signals';
import type { ComponentChildren } from 'preact';
import { useEffect, useRef } from 'preact/hooks';
import { kept } from '../core/memory';
import { t } from '../core/words';

export type Deed = 'acknowledge' | 'assign' | 'comment' | 'close'; // to the alert
export type Kind = Deed | 'silence'; // … or to what is like it
const OUTCOMES = ['true', 'false', 'duplicate'] as const;
const recent = kept<string[]>(
  'assignees',
  [],
  value => Array.isArray(value) && value.every(v => typeof v === 'string'),
);

export function useFirstFocus<T extends HTMLElement = HTMLInputElement & HTMLTextAreaElement>() {
  const first = useRef<T>(null);
  useEffect(() => first.current?.focus(), []);
  return first;
}

// What every one of the forms does: it is sent only when it is complete, and not twice.
export function ActionForm(props: {
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

export function AssignForm({ busy, done }: { busy: boolean; done: (to: string) => void }) {
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

export function NoteField({
  note,
  label,
  required = false,
  most = 1300,
  first,
}: {
  note: Signal<string>;
  label: string;
  required?: boolean;
  most?: number; // characters: of Chinese three bytes each
  first?: { current: HTMLTextAreaElement | null };
}) {
  return (
    <label>
      {label}
      <textarea
        ref={first}
        rows={2}
        required={required}
        maxLength={most}
        value={note.value}
        onInput={e => {
          note.value = e.currentTarget.value;
        }}
      />
    </label>
  );
}

export function CommentForm({ busy, done }: { busy: boolean; done: (note: string) => void }) {
  const note = useSignal(''),
    words = note.value.trim(),
    first = useFirstFocus();
  return (
    <ActionForm kind="comment" busy={busy} complete={words !== ''} send={() => done(words)}>
      <NoteField note={note} label={t('note')} required first={first} />
    </ActionForm>
  );
}

export function CloseForm({ busy, done }: { busy: boolean; done: (outcome: string, note: string) => void }) {
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
      <NoteField note={note} label={t('note_optional')} />
    </ActionForm>
  );
}
