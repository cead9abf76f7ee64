// Which rows of a long list are in sight, and how a list that changed is kept still under the eye.
export interface Slice {
  first: number;
  last: number;
} // last is one past

const SPARE = 6; // rows above and below, for quick scrolling

export function sliceOf(count: number, rowHeight: number, top: number, height: number): Slice {
  const first = Math.max(0, Math.min(count, Math.floor(top / rowHeight)) - SPARE);
  return { first, last: Math.min(count, Math.ceil((top + height) / rowHeight) + SPARE) };
}

// Where to scroll to so that the row that was first in sight stays where it was. At the very top new rows push in.
export function anchored(before: string[], after: string[], top: number, rowHeight: number): number {
  if (top <= 0) return top;
  const index = Math.min(before.length - 1, Math.floor(top / rowHeight));
  for (let i = index; i >= 0 && i > index - 50; i--) {
    // the row itself, or the nearest above it that is still there
    const now = after.indexOf(before[i]!);
    if (now >= 0) return Math.max(0, top + (now - i) * rowHeight);
  }
  return top;
}

// The place of the cursor after a key: by id where it is still listed, otherwise where it stood.
export function moved(ids: string[], current: string, stood: number, by: number): number {
  if (ids.length === 0) return -1;
  const at = ids.indexOf(current);
  const from = at >= 0 ? at : Math.min(stood, ids.length - 1) - (by > 0 ? 1 : 0);
  return Math.max(0, Math.min(ids.length - 1, from + by));
}
