// What a rule's condition compares, read out of its text, and told in words.
import type { Both } from '../core/types';

export interface Comparison {
  name: string;
  sign: string;
  bound: number;
  param?: string;
  value: number;
  holds: boolean;
}

const HOLDS: Record<string, (a: number, b: number) => boolean> = {
  '>=': (a, b) => a >= b,
  '<=': (a, b) => a <= b,
  '>': (a, b) => a > b,
  '<': (a, b) => a < b,
  '==': (a, b) => a === b,
};
export const SIGNS: Record<string, string> = { '>=': '≥', '<=': '≤', '==': '=', '>': '>', '<': '<' };

// "distinct(place) >= params.places && …": the comparisons of a measured value with a number or a parameter.
export function comparisons(
  fire: string,
  values: Record<string, unknown>,
  params: Record<string, unknown>,
): Comparison[] {
  return fire.split(/&&|\|\|/).flatMap(part => {
    const match = /^\s*\(*\s*(.+?)\s*(>=|<=|==|>|<)\s*(params\.(\w+)|-?\d+(?:\.\d+)?)[\s)]*$/.exec(part);
    if (!match) return [];
    const [, name, sign, literal, param] = match as unknown as [string, string, string, string, string | undefined];
    const value = values[name],
      bound = param ? params[param] : Number(literal);
    if (typeof value !== 'number' || typeof bound !== 'number') return [];
    return [{ name, sign, bound, param, value, holds: HOLDS[sign]!(value, bound) }];
  });
}

const FIELDS: Record<string, Both> = {
  place: { en: 'places', zh: '地点' },
  reporter: { en: 'people reporting', zh: '反映人' },
  subject: { en: 'people concerned', zh: '当事人' },
  case: { en: 'cases', zh: '事项' },
  source: { en: 'channels', zh: '渠道' },
  category: { en: 'categories', zh: '类别' },
  duty: { en: 'duty posts', zh: '岗位' },
  'area.village': { en: 'villages', zh: '村（社区）' },
  'area.town': { en: 'towns', zh: '镇（街道）' },
  people: { en: 'people involved', zh: '涉及人数' },
};
const FORMS: [RegExp, Both][] = [
  [/^distinct\((.+)\)$/, { en: 'different {0}', zh: '不同{0}' }],
  [/^count\(\)$/, { en: 'events', zh: '事件数' }],
  [/^sum\((.+)\)$/, { en: 'sum of {0}', zh: '{0}合计' }],
  [/^max\((.+)\)$/, { en: 'highest {0}', zh: '{0}最高' }],
  [/^min\((.+)\)$/, { en: 'lowest {0}', zh: '{0}最低' }],
  [/^(?:avg|mean)\((.+)\)$/, { en: 'mean {0}', zh: '{0}平均' }],
  [/^last\((.+)\)$/, { en: 'latest {0}', zh: '最近{0}' }],
];

// A measured value's name in words; its own text where there are none. `own`: the names of the kind's own values.
export function inWords(name: string, language: 'zh' | 'en', own?: Record<string, Both & { unit?: string }>): string {
  const told = own?.[name];
  if (told) return told[language] + (told.unit ? (language === 'zh' ? `（${told.unit}）` : `, ${told.unit}`) : '');
  for (const [form, words] of FORMS) {
    const match = form.exec(name);
    if (!match) continue;
    const inner = match[1] ?? '';
    const field = FIELDS[inner]?.[language] ?? inner.replace(/^values\./, '').replace(/_/g, ' ');
    if (match[1] !== undefined && !FIELDS[inner] && !/^[\w.]+$/.test(inner)) return name;
    return words[language].replace('{0}', field);
  }
  return name;
}
