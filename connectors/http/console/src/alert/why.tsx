// Why the alert stands: one sentence, and each measured value against what it is held to.
import { show } from '../core/format';
import { rules } from '../core/store';
import type { Alert } from '../core/types';
import { language, t, term, text } from '../core/words';
import { comparisons, conditions, inWords, SIGNS, type Comparison } from './fire';

export function compared(alert: Alert): Comparison[] {
  return comparisons(rules.value.get(alert.rule)?.fire ?? '', alert.values ?? {}, alert.params ?? {});
}

// What of a condition holds, in words, each value named.
function reasons(alert: Alert, condition: string): string[] {
  const values = alert.values ?? {},
    { measures } = rules.value.get(alert.rule) ?? {};
  const held = comparisons(condition, values, alert.params ?? {}).filter(c => c.holds);
  return [
    ...held.map(c =>
      t('because', {
        what: inWords(c.name, language.value, measures),
        value: show(c.value),
        sign: SIGNS[c.sign] ?? c.sign,
        bound: show(c.bound),
      }),
    ),
    ...conditions(condition, values).map(name => inWords(name, language.value, measures)),
  ];
}

export function WhySentence({ alert }: { alert: Alert }) {
  const rule = rules.value.get(alert.rule);
  const fired = reasons(alert, rule?.fire ?? ''),
    graver = reasons(alert, rule?.severity?.[alert.severity] ?? '').filter(reason => !fired.includes(reason));
  if (fired.length === 0 && rule?.kind === 'sequence') fired.push(t('because_steps'));
  const listed = (all: string[]) => all.join(language.value === 'zh' ? '，' : ', ');
  const silent = text(alert.summary) === '';
  return (
    <p class="why">
      {silent ? text(alert.name) || alert.rule : text(alert.summary)}
      {language.value === 'zh' ? '。' : '. '}
      {fired.length > 0 && <span class="because">{t('fires_since', { reasons: listed(fired) })} </span>}
      {graver.length > 0 && (
        <span class="because">
          {t('severity_since', { severity: term('severity', alert.severity), reasons: listed(graver) })}
        </span>
      )}
    </p>
  );
}

const MOST_CHANGES = 2;

// The values that a change has changed, the ones that the rule compares before others: "different places 3 → 5".
export function changedValues(now: Alert, before: Alert | undefined): string[] {
  const { measures } = rules.value.get(now.rule) ?? {},
    against = new Set(compared(now).map(c => c.name));
  return Object.entries(now.values ?? {})
    .filter(([name, value]) => typeof value === 'number' && value !== before?.values?.[name])
    .sort(([a], [b]) => Number(against.has(b)) - Number(against.has(a)))
    .slice(0, MOST_CHANGES)
    .map(([name, value]) => {
      const was = before?.values?.[name];
      return `${inWords(name, language.value, measures)} ${was === undefined ? '' : `${show(was)} → `}${show(value)}`;
    });
}

// A value as a bar, with a mark where the rule fires.
function Bar({ value, bound }: { value: number; bound: number }) {
  const most = Math.max(value, bound) * 1.15 || 1;
  return (
    <svg class="bar" viewBox="0 0 100 8" preserveAspectRatio="none" aria-hidden="true">
      <rect y="2" width="100" height="4" class="bar-ground" />
      <rect y="2" width={(100 * value) / most} height="4" class="bar-value" />
      <rect x={(100 * bound) / most - 0.4} y="0" width="0.8" height="8" class="bar-bound" />
    </svg>
  );
}

export function Values({ alert }: { alert: Alert }) {
  const against = new Map(compared(alert).map(c => [c.name, c]));
  const entries = Object.entries(alert.values ?? {}).sort(
    ([a], [b]) => Number(against.has(b)) - Number(against.has(a)),
  );
  const used = new Set([...against.values()].map(c => c.param));
  const others = Object.entries(alert.params ?? {}).filter(([name]) => !used.has(name));
  const { fire, measures } = rules.value.get(alert.rule) ?? {};
  return (
    <>
      <table class="values">
        <caption class="unseen">{t('values')}</caption>
        <thead class="unseen">
          <tr>
            <th scope="col">{t('measured')}</th>
            <th scope="col">{t('value')}</th>
            <th scope="col">{t('threshold')}</th>
          </tr>
        </thead>
        <tbody>
          {entries.map(([name, value]) => {
            const c = against.get(name),
              words = inWords(name, language.value, measures);
            return (
              <tr key={name}>
                <th scope="row">
                  {words}
                  {words !== name && <code>{name}</code>}
                </th>
                <td class="figure">{show(value)}</td>
                <td class="bound">
                  {c && (
                    <>
                      <Bar value={c.value} bound={c.bound} />
                      <span>
                        {SIGNS[c.sign]} {show(c.bound)}
                        {c.param && <code>{c.param}</code>}
                      </span>
                    </>
                  )}
                </td>
              </tr>
            );
          })}
          {others.map(([name, value]) => (
            <tr key={`p-${name}`} class="soft">
              <th scope="row">
                {t('parameter')} <code>{name}</code>
              </th>
              <td class="figure">{show(value)}</td>
              <td />
            </tr>
          ))}
        </tbody>
      </table>
      {fire && (
        <p class="fire">
          <span class="soft">{t('fires_when')}</span> <code>{fire}</code>
        </p>
      )}
    </>
  );
}
