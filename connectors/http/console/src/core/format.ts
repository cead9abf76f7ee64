// Times, lengths of time, numbers and areas as people read them.
import { signal } from '@preact/signals';
import { language, t, term } from './words';
import type { AreaCodes } from './types';

export { share } from './share';

// Of the service: its civil zone and the names of its areas; a clock that ages are measured by.
export const zone = signal<string | undefined>(undefined);
export const areaNames = signal<Record<string, string>>({});
export const now = signal(Date.now());
setInterval(() => {
  now.value = Date.now();
}, 5000);

const formats = new Map<string, Intl.DateTimeFormat>(); // making one is dear

function parts(date: Date, seconds: boolean): Record<string, string> {
  const kind = `${zone.value}${seconds}`;
  let format = formats.get(kind);
  if (!format) {
    format = new Intl.DateTimeFormat('en-GB', {
      timeZone: zone.value,
      year: 'numeric',
      month: '2-digit',
      day: '2-digit',
      hour: '2-digit',
      minute: '2-digit',
      hourCycle: 'h23',
      ...(seconds && { second: '2-digit' }),
    });
    formats.set(kind, format);
  }
  return Object.fromEntries(format.formatToParts(date).map(p => [p.type, p.value]));
}

// 11-23 16:49, in every language: nobody has to guess which is the month. With the year where it is another.
export function clock(time: string | number | undefined | null, seconds = false): string {
  const date = new Date(time ?? NaN);
  if (Number.isNaN(date.getTime())) return '';
  const p = parts(date, seconds);
  const year = Number(p.year) === new Date().getFullYear() ? '' : `${p.year}-`;
  return `${year}${p.month}-${p.day} ${p.hour}:${p.minute}${seconds ? `:${p.second}` : ''}`;
}

export function hour(time: number, seconds = false): string {
  const p = parts(new Date(time), seconds);
  return `${p.hour}:${p.minute}${seconds ? `:${p.second}` : ''}`;
}

export function dayOf(time: number): string {
  const p = parts(new Date(time), false);
  return `${p.year}-${p.month}-${p.day}`;
}

export function lasting(seconds: number | null | undefined): string {
  if (seconds === null || seconds === undefined || !Number.isFinite(seconds)) return '–';
  const s = Math.max(0, seconds);
  if (s < 99.5) return t('seconds', { n: Math.round(s) });
  if (s < 5400) return t('minutes', { n: Math.round(s / 60) });
  if (s < 172800) return t('hours', { n: s < 36000 ? Math.round(s / 360) / 10 : Math.round(s / 3600) });
  return t('days', { n: Math.round(s / 8640) / 10 });
}

// "12 min", "3.4 d", "347 d": how long ago, for a column of ages; of a time that is still to come the time itself.
export function age(time: string, at: number): string {
  const seconds = Math.floor((at - Date.parse(time)) / 1000);
  if (seconds < -60) return clock(time);
  return seconds < 864_000 ? lasting(seconds) : t('days', { n: number(Math.floor(seconds / 86_400)) });
}

// "water.flooding" in words; what a county has added itself, by its first level and its own name.
export function categoryText(category: string): string {
  const said = term('category', category);
  const [first, ...rest] = category.split('.');
  return said !== category ? said : [term('category', first), rest.join('.')].filter(Boolean).join(' · ');
}

const plain = new Map<string, Intl.NumberFormat>();
export function number(value: number | null | undefined, digits = 0): string {
  if (value === null || value === undefined || !Number.isFinite(value)) return '–';
  const kind = `${language.value}${digits}`;
  if (!plain.has(kind))
    plain.set(
      kind,
      new Intl.NumberFormat(language.value === 'zh' ? 'zh-CN' : 'en-GB', { maximumFractionDigits: digits }),
    );
  return plain.get(kind)!.format(value);
}

export function bytes(value: number | null | undefined): string {
  if (value === null || value === undefined) return '–';
  for (const [unit, size] of [
    ['GiB', 2 ** 30],
    ['MiB', 2 ** 20],
    ['KiB', 2 ** 10],
  ] as const) {
    if (value >= size) return `${number(value / size, 1)} ${unit}`;
  }
  return `${number(value)} B`;
}

// Any value of a rule: a list, a place, a number, a text.
export function show(value: unknown): string {
  if (Array.isArray(value)) return value.map(show).join(' · ');
  if (value && typeof value === 'object') {
    const place = value as { lon?: number; lat?: number };
    if (typeof place.lon === 'number' && typeof place.lat === 'number')
      return `${place.lon.toFixed(5)}, ${place.lat.toFixed(5)}`;
    return JSON.stringify(value);
  }
  if (typeof value === 'number') return String(Math.round(value * 100000) / 100000);
  if (typeof value === 'boolean') return t(value ? 'yes' : 'no');
  return typeof value === 'string' ? value : String(value ?? '');
}

export const codeOf = (area: AreaCodes | undefined) =>
  area?.microgrid ?? area?.grid ?? area?.village ?? area?.town ?? area?.city ?? '';

// A grid has no name of its own: its village's, and the rest of its code.
export function nameOfArea(code: string): string {
  const village = areaNames.value[code.slice(0, 12)];
  return areaNames.value[code] ?? (code.length > 12 && village ? `${village} ${code.slice(12)}` : code);
}

// The two deepest names that are known, town first: "观海卫镇 师桥村".
export function areaText(area: AreaCodes | undefined): string {
  const codes = [area?.town, area?.village].filter((c): c is string => !!c && !!areaNames.value[c]);
  if (codes.length > 0) return codes.map(nameOfArea).join(' ');
  const code = codeOf(area);
  return code ? nameOfArea(code) : '';
}

export const ownerText = (owner: string | undefined) => term('owner', owner);
