// Values to try for a parameter, around the one in force. Without the page.
const STEPS = 9;

function spread(from: number, until: number, keep: number): number[] {
  const found = new Set<number>([keep]);
  for (let i = 0; i < STEPS; i++) found.add(from + ((until - from) * i) / (STEPS - 1));
  return [...found].sort((a, b) => a - b);
}

const tidy = (value: number) => Number(value.toPrecision(4));

// "3" → 1…6; "0.8" → 0.4…1.6; "60m" → 30m…120m. Empty where there is nothing to count by.
export function valuesAround(value: unknown): string[] {
  const match = /^(-?\d+(?:\.\d+)?)\s*([a-z%]*)$/i.exec(String(value ?? '').trim());
  if (!match) return [];
  const number = Number(match[1]),
    unit = match[2] ?? '';
  const whole = !match[1]!.includes('.');
  if (number === 0) return [0, 1, 2, 3, 4, 5].map(v => `${v}${unit}`);
  const low = number / 2,
    high = number * 2;
  const raw = spread(Math.min(low, high), Math.max(low, high), number);
  const values =
    whole && (typeof value === 'number' || unit)
      ? raw.map(v => Math.round(v)).filter(v => number < 0 || v >= 1)
      : raw.map(tidy);
  return [...new Set(values)].map(v => (whole ? `${v}${unit}` : `${Number.isInteger(v) ? v.toFixed(1) : v}${unit}`));
}

// "2, 3,4" → ["2","3","4"]; at most 40, each once.
export function readValues(text: string): string[] {
  return [
    ...new Set(
      text
        .split(/[,，、\s]+/)
        .map(v => v.trim())
        .filter(Boolean),
    ),
  ].slice(0, 40);
}
