// What this browser remembers for its user: language, theme, filters. Works without storage, too.
import { effect, signal, type Signal } from '@preact/signals';

const PREFIX = 'tocsin.';

export function recall(name: string): string | null {
  try {
    return localStorage.getItem(PREFIX + name);
  } catch {
    return null;
  }
}

export function remember(name: string, value: string): void {
  try {
    localStorage.setItem(PREFIX + name, value);
  } catch {
    /* a private window */
  }
}

// A signal that is there again after a reload. `valid` refuses what an older page may have left.
export function kept<T>(name: string, otherwise: T, valid: (value: unknown) => boolean): Signal<T> {
  let start = otherwise;
  try {
    const text = recall(name);
    const value: unknown = text === null ? null : JSON.parse(text);
    if (text !== null && valid(value)) start = value as T;
  } catch {
    /* not ours */
  }
  const made = signal(start);
  effect(() => remember(name, JSON.stringify(made.value)));
  return made;
}
