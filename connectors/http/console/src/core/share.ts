// A share as people read it. Without the page.
export function share(value: number | null | undefined): string {
  if (value === null || value === undefined || !Number.isFinite(value)) return '–';
  const text = (value * 100).toFixed(value === 1 || value === 0 ? 0 : 1);
  return `${value < 1 && text === '100.0' ? '99.9' : text} %`; // all means all
}
