// The page's address: #/panel/part. Only the part behind # changes, so the server needs no more than one page.
import { computed, signal } from '@preact/signals';

export const PANELS = ['alerts', 'map', 'rules', 'scorecard', 'health'] as const;
export type Panel = (typeof PANELS)[number];

const read = () =>
  location.hash
    .replace(/^#\/?/, '')
    .split('/')
    .map(part => {
      try {
        return decodeURIComponent(part);
      } catch {
        return '';
      }
    });
const parts = signal(read());
window.addEventListener('hashchange', () => {
  parts.value = read();
});

export const panel = computed<Panel>(() => PANELS.find(p => p === parts.value[0]) ?? 'alerts');
export const part = computed<string>(() => parts.value[1] ?? '');

export const linkTo = (to: Panel, rest = '') => `#/${to}${rest ? `/${encodeURIComponent(rest)}` : ''}`;
export function go(to: Panel, rest = ''): void {
  location.hash = linkTo(to, rest);
}
