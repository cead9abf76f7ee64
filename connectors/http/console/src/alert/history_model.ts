// An alert's history as far as it was read: its newest changes, and those before them once somebody asks. Without the page.
import type { Transition } from '../core/types';

export interface Told {
  history: Transition[]; // oldest first
  earlier: number; // changes before these: they are numbered 1 to this
}

const lastOf = (told: Told): number => told.history[told.history.length - 1]?.data.seq ?? told.earlier;

// The newest changes were read again: what was read before them stays, unless so much has happened that the two no longer
// meet.
export function withLatest(known: Told | null, latest: Told): Told {
  if (!known || known.earlier >= latest.earlier || lastOf(known) < latest.earlier) return latest;
  return {
    history: [...known.history.filter(change => change.data.seq <= latest.earlier), ...latest.history],
    earlier: known.earlier,
  };
}

// What comes before the number known.earlier + 1 was read.
export const withEarlier = (known: Told, before: Told): Told => ({
  history: [...before.history.filter(change => change.data.seq <= known.earlier), ...known.history],
  earlier: Math.min(before.earlier, known.earlier),
});

// Changes before the first that is told are not to be had.
export const isCut = (told: Told): boolean => told.earlier === 0 && (told.history[0]?.data.seq ?? 1) > 1;
