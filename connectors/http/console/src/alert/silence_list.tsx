// Silences in a list, each with its end for those who may end it.
import { useSignal } from '@preact/signals';
import { post } from '../core/api';
import { clock, nameOfArea } from '../core/format';
import { actingAs, mayAct } from '../core/session';
import { mayEnd, severitiesOf, type Silence } from '../core/silences';
import { rules } from '../core/store';
import { t, text } from '../core/words';
import { attempt, wantsName } from './actions';

// "city desk · Reports at one place · Guanhaiwei · Yellow and below · until 11-25 00:00"
const about = (silence: Silence): string =>
  [
    silence.by,
    silence.rules?.map(id => text(rules.value.get(id)?.name) || id).join(', '),
    silence.area && nameOfArea(silence.area),
    severitiesOf(silence),
    silence.until && t('until', { time: clock(silence.until) }),
  ]
    .filter(Boolean)
    .join(' · ');

export function SilenceList({ list }: { list: Silence[] }) {
  const ending = useSignal('');
  // `home`: where the keyboard goes on, as the button goes with its silence
  const end = async (silence: Silence, home: HTMLElement | null) => {
    if (actingAs.value === '') {
      wantsName.value = () => void end(silence, home);
      return;
    }
    ending.value = silence.id;
    const done = await attempt(async () => {
      await post(`/api/v1/silences/${encodeURIComponent(silence.id)}/expire`, { by: actingAs.value });
      return t('done_end_silence');
    });
    ending.value = '';
    if (done) home?.focus();
  };
  return (
    <ul class="checks silences">
      {list.map(silence => (
        <li key={silence.id}>
          <span>
            <b>{silence.reason}</b> <span class="soft">{about(silence)}</span>
          </span>
          {mayEnd(silence) && (
            <button
              type="button"
              class="button"
              disabled={ending.value === silence.id}
              aria-label={`${t('end_silence')}: ${silence.reason}`}
              onClick={event =>
                void end(
                  silence,
                  event.currentTarget.closest('.pane,section')?.querySelector<HTMLElement>('[tabindex="-1"]') ?? null,
                )
              }
            >
              {t('end_silence')}
            </button>
          )}
          {mayAct.value && silence.in_file && <span class="soft">{t('silence_in_file')}</span>}
        </li>
      ))}
    </ul>
  );
}
