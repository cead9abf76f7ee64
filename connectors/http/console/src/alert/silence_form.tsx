// "Silence matters like this": of one rule or all, here or farther about, up to which severity, for how long, and why.
import { useSignal, type Signal } from '@preact/signals';
import type { ComponentChildren } from 'preact';
import { lasting, nameOfArea, zone } from '../core/format';
import { session } from '../core/session';
import { covers, severitiesOf } from '../core/silences';
import { openRows } from '../core/store';
import { SEVERITIES, type Alert } from '../core/types';
import { t, text } from '../core/words';
import { ActionForm, NoteField, useFirstFocus } from './forms';
import { areasOf, draftOf, isComplete, LASTING, scopeOf, UNTIL, type Draft } from './silence_draft';

type Choice = 'rule' | 'area' | 'severity' | 'lasting';

function Chosen({
  draft,
  part,
  label,
  options,
  first,
}: {
  draft: Signal<Draft>;
  part: Choice;
  label: string;
  options: [string, ComponentChildren][];
  first?: { current: HTMLSelectElement | null };
}) {
  return (
    <label>
      {label}
      <select
        ref={first}
        value={draft.value[part]}
        onChange={event => {
          draft.value = { ...draft.value, [part]: event.currentTarget.value };
        }}
      >
        {options.map(([key, name]) => (
          <option key={key} value={key} selected={draft.value[part] === key}>
            {name}
          </option>
        ))}
      </select>
    </label>
  );
}

export function SilenceForm({ alert, busy, done }: { alert: Alert; busy: boolean; done: (draft: Draft) => void }) {
  const account = session.value?.area ?? '';
  const draft = useSignal(draftOf(alert, account)),
    reason = useSignal(''),
    first = useFirstFocus<HTMLSelectElement>();
  const areas = areasOf(alert, account),
    whole = { ...draft.value, reason: reason.value };
  if (areas.length === 0) return <p class="soft">{t('silence_nowhere')}</p>;
  const covered = openRows.value.filter(row => covers(scopeOf(whole), row.alert)).length;
  return (
    <ActionForm kind="silence" busy={busy} complete={isComplete(whole)} send={() => done(whole)}>
      <p class="soft">{t('silence_what')}</p>
      <div class="silence-choices">
        <Chosen
          draft={draft}
          part="rule"
          label={t('rule')}
          first={first}
          options={[
            [alert.rule, text(alert.name) || alert.rule],
            ['', t('any_rule')],
          ]}
        />
        <Chosen
          draft={draft}
          part="area"
          label={t('area')}
          options={areas.map(code => [code, code === '' ? t('any_area') : nameOfArea(code)])}
        />
        <Chosen
          draft={draft}
          part="severity"
          label={t('severity')}
          options={[...SEVERITIES].reverse().map(severity => [severity, severitiesOf({ severity })])}
        />
        <Chosen
          draft={draft}
          part="lasting"
          label={t('silence_for')}
          options={[
            ...LASTING.map((ms): [string, string] => [String(ms), lengthText(ms)]),
            [UNTIL, t('silence_until_time')],
          ]}
        />
        {draft.value.lasting === UNTIL && (
          <label>
            {t('silence_until')} {zone.value && <span>({zone.value})</span>}
            <input
              type="datetime-local"
              required
              value={draft.value.until}
              onInput={event => {
                draft.value = { ...draft.value, until: event.currentTarget.value };
              }}
            />
          </label>
        )}
      </div>
      <NoteField note={reason} label={t('silence_reason')} required most={600} />
      <p class="soft" role="status">
        {t('silence_covers', { n: covered })}
      </p>
    </ActionForm>
  );
}

// Whole days as days: "1 d", where lasting() says "24 h".
const lengthText = (ms: number): string =>
  ms % 86_400_000 === 0 ? t('days', { n: ms / 86_400_000 }) : lasting(ms / 1000);
