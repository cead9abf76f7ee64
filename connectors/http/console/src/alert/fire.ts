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

// The parts of a condition that && and || join, in and out of its brackets, but not inside a call or a text.
export function parts(condition: string): string[] {
  const found: string[] = [];
  let depth = 0,
    quote = '',
    begin = 0;
  for (let i = 0; i < condition.length; i++) {
    const c = condition[i]!;
    if (quote) {
      if (c === quote) quote = '';
    } else if (c === '"' || c === "'") quote = c;
    else if (c === '(' || c === '[') depth++;
    else if (c === ')' || c === ']') depth--;
    else if (depth === 0 && (condition.startsWith('&&', i) || condition.startsWith('||', i))) {
      found.push(condition.slice(begin, i));
      begin = i + 2;
      i++;
    }
  }
  found.push(condition.slice(begin));
  return found.flatMap(part => {
    const text = part.trim();
    return text.startsWith('(') && closes(text) === text.length - 1 ? parts(text.slice(1, -1)) : text ? [text] : [];
  });
}

// Where the bracket that begins a text ends.
function closes(text: string): number {
  let depth = 0;
  for (let i = 0; i < text.length; i++) {
    if (text[i] === '(') depth++;
    if (text[i] === ')' && --depth === 0) return i;
  }
  return -1;
}

// A measured value, or the difference of two.
function measured(name: string, values: Record<string, unknown>): number | null {
  const value = values[name];
  if (typeof value === 'number') return value;
  const [left, right, ...more] = name.split(' - ').map(side => values[side.trim()]);
  return more.length === 0 && typeof left === 'number' && typeof right === 'number' ? left - right : null;
}

// "distinct(place) >= params.places && …": the comparisons of a measured value with a number, a parameter or another value.
export function comparisons(
  fire: string,
  values: Record<string, unknown>,
  params: Record<string, unknown>,
): Comparison[] {
  return parts(fire).flatMap(part => {
    const match = /^(.+?)\s*(>=|<=|==|>|<)\s*(params\.(\w+)|-?\d+(?:\.\d+)?|\w+)$/.exec(part);
    if (!match) return [];
    const [, name, sign, literal, param] = match as unknown as [string, string, string, string, string | undefined];
    const value = measured(name, values),
      bound = param ? params[param] : literal in values ? values[literal] : Number(literal);
    if (value === null || typeof bound !== 'number' || Number.isNaN(bound)) return [];
    return [{ name, sign, bound, param, value, holds: HOLDS[sign]!(value, bound) }];
  });
}

// Conditions without a comparison that hold: any("trapped" in flags).
export function conditions(fire: string, values: Record<string, unknown>): string[] {
  return parts(fire).filter(part => values[part] === true);
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
// Measurements and marks that the shipped feeds name; others stand as they are.
const VALUES: Record<string, Both> = {
  depth_cm: { en: 'water depth, cm', zh: '积水深度（厘米）' },
  max_depth_cm: { en: 'greatest water depth, cm', zh: '最大积水深度（厘米）' },
  rain_mm_h: { en: 'rain, mm/h', zh: '雨强（毫米/小时）' },
  amount: { en: 'amount, yuan', zh: '金额（元）' },
};
const WORDS: Record<string, Both> = {
  report: { en: 'report', zh: '上报' },
  reading: { en: 'sensor reading', zh: '传感器读数' },
  trapped: { en: 'somebody trapped', zh: '有人被困' },
  weapon: { en: 'a weapon', zh: '持械' },
  injury: { en: 'an injury', zh: '有人受伤' },
  threat: { en: 'threats', zh: '扬言报复' },
  minor: { en: 'a minor', zh: '未成年人' },
  leak: { en: 'a leak', zh: '泄漏' },
  smoke: { en: 'smoke', zh: '冒烟' },
  fire: { en: 'fire', zh: '起火' },
  returned: { en: 'sent back', zh: '退回' },
  reopened: { en: 'reopened', zh: '重开' },
  closed: { en: 'closed', zh: '办结' },
  supervised: { en: 'supervised', zh: '督办' },
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
const COUNTED = /^sum\((?:kind|stage) == "(\w+)" \? 1 : 0\)$/;
const SOME = /^any\((.+)\)$/;
const MARK = /^(?:(?:kind|stage) == "(\w+)"|"(\w+)" in flags)$/;

// A reading's name in words.
export const valueName = (name: string, language: 'zh' | 'en'): string =>
  VALUES[name]?.[language] ?? name.replace(/_/g, ' ');

// What an aggregate goes over, in words; null where there are none.
function inside(text: string, language: 'zh' | 'en'): string | null {
  const chosen = /^kind == "(\w+)" \? (.+) : (?:null|"")$/.exec(text);
  if (chosen) {
    const field = inside(chosen[2]!, language),
      kind = WORDS[chosen[1]!]?.[language];
    return field && kind ? (language === 'zh' ? `${kind}${field}` : `${field} of a ${kind}`) : null;
  }
  const bare = text.replace(/^orElse\((.+), (?:[-\d.]+|null|"")\)$/, '$1').replace(/^values\["(\w+)"\]$/, 'values.$1');
  const value = /^values\.(\w+)$/.exec(bare);
  if (value) return valueName(value[1]!, language);
  return FIELDS[bare]?.[language] ?? (/^[\w.]+$/.test(bare) ? bare.replace(/_/g, ' ') : null);
}

// any("smoke" in flags || "fire" in flags) → "smoke or fire".
function marks(text: string, language: 'zh' | 'en'): string | null {
  const words = parts(text).map(part => {
    const match = MARK.exec(part),
      name = match?.[1] ?? match?.[2];
    return name ? (WORDS[name]?.[language] ?? `“${name}”`) : null;
  });
  return words.includes(null) ? null : words.join(language === 'zh' ? '或' : ' or ');
}

// A measured value's name in words; its own text where there are none. `own`: the names of the kind's own values.
export function inWords(name: string, language: 'zh' | 'en', own?: Record<string, Both & { unit?: string }>): string {
  const told = own?.[name];
  if (told) return told[language] + (told.unit ? (language === 'zh' ? `（${told.unit}）` : `, ${told.unit}`) : '');
  const difference = name.split(' - ');
  if (difference.length === 2) return difference.map(side => inWords(side, language, own)).join(' − ');
  const times = COUNTED.exec(name)?.[1];
  if (times && WORDS[times]) return language === 'zh' ? `${WORDS[times].zh}次数` : `times ${WORDS[times].en}`;
  const some = SOME.exec(name)?.[1],
    found = some && marks(some, language);
  if (found) return language === 'zh' ? `其中有：${found}` : `among them: ${found}`;
  for (const [form, words] of FORMS) {
    const match = form.exec(name);
    if (!match) continue;
    const field = match[1] === undefined ? '' : inside(match[1], language);
    return field === null ? name : words[language].replace('{0}', field);
  }
  return name;
}
