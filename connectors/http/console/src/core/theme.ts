// Light, dark, or as the system has it.
import { computed, effect, signal } from '@preact/signals';
import { kept } from './memory';

export const THEMES = ['system', 'light', 'dark'] as const;
export type Theme = (typeof THEMES)[number];
export const chosenTheme = kept<Theme>('theme', 'system', value => THEMES.includes(value as Theme));

const query = window.matchMedia('(prefers-color-scheme: dark)');
const systemDark = signal(query.matches);
query.addEventListener('change', event => {
  systemDark.value = event.matches;
});

export const theme = computed<'light' | 'dark'>(() =>
  chosenTheme.value === 'system' ? (systemDark.value ? 'dark' : 'light') : chosenTheme.value,
);
effect(() => {
  document.documentElement.dataset.theme = theme.value;
});
