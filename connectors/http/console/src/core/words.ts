// The language in use and what is said in it. All texts are in messages.ts.
import { computed, effect, signal } from '@preact/signals';
import { MESSAGES, type MessageKey } from './messages';
import { recall, remember } from './memory';
import type { Both } from './types';

export type Language = 'zh' | 'en';
const chosen = recall('language');
export const language = signal<Language>(
  chosen === 'zh' || chosen === 'en' ? chosen : navigator.language.startsWith('zh') ? 'zh' : 'en',
);
export const zh = computed(() => language.value === 'zh');

effect(() => {
  document.documentElement.lang = language.value === 'zh' ? 'zh-CN' : 'en';
  remember('language', language.value);
});

// The text of a key, with {name} replaced. A counted English text may have two forms: "{n} event|{n} events".
export function t(key: MessageKey, values: Record<string, string | number> = {}): string {
  let text: string = MESSAGES[key][language.value === 'zh' ? 1 : 0];
  if (text.includes('|')) text = text.split('|')[values.n === 1 ? 0 : 1]!;
  return text.replace(/\{(\w+)\}/g, (whole, name: string) => String(values[name] ?? whole));
}

// A word of the service's own vocabulary (a state, a channel, a reason); what is not in the table stands for itself.
export function term(prefix: string, name: string | undefined): string {
  if (!name) return '';
  const key = `${prefix}_${name}`;
  return key in MESSAGES ? t(key as MessageKey) : name;
}

// A text given in both languages, or in one.
export function text(both: Both | string | undefined | null): string {
  if (!both || typeof both === 'string') return both || '';
  return unmarked(both[language.value] || both.zh || both.en || '');
}

const MARKS: Record<string, string> = {
  '[phone]': '〔电话〕',
  '[id]': '〔身份证号〕',
  '[card]': '〔银行卡号〕',
  '[plate]': '〔车牌〕',
  '[number]': '〔号码〕',
  '[name]': '〔姓名〕',
};
// What was masked as a record was read, in the reader's language.
export function unmarked(words: string): string {
  return language.value === 'zh' ? words.replace(/\[\w+\]/g, mark => MARKS[mark] ?? mark) : words;
}
