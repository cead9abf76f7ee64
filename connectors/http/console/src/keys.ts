// The page's keys. Single letters act only where nobody is writing and no other key is held.
import { acknowledge } from './alert/actions';
import { go, panel, PANELS, part } from './core/router';
import { rowOf } from './core/store';
import { searchId } from './feed/feed';
import { cursor, moveCursor } from './feed/list';
import { helpOpen } from './shell';

const writing = (target: EventTarget | null) =>
  target instanceof HTMLElement &&
  (target.isContentEditable || target.shadowRoot !== null || /^(INPUT|TEXTAREA|SELECT)$/.test(target.tagName));

// With an alert open, the next one opens in its place.
function step(by: number): void {
  moveCursor(by);
  if (part.value !== '' && cursor.value !== '') go('alerts', cursor.value);
}

function inFeed(key: string, event: KeyboardEvent): boolean {
  const inPane = event.target instanceof Element && event.target.closest('.pane') !== null;
  const onControl = event.target instanceof Element && event.target.closest('button,a,summary') !== null;
  switch (key) {
    case 'j':
    case 'ArrowDown':
      if (key === 'ArrowDown' && inPane) return false;
      step(1);
      return true;
    case 'k':
    case 'ArrowUp':
      if (key === 'ArrowUp' && inPane) return false;
      step(-1);
      return true;
    case 'Enter':
      if (onControl || cursor.value === '') return false;
      go('alerts', cursor.value);
      return true;
    case 'a': {
      const row = rowOf(part.value || cursor.value);
      if (row) acknowledge(row.alert);
      return true;
    }
    case '/':
      document.getElementById(searchId)?.focus();
      return true;
    case 'Escape':
      if (part.value === '') return false;
      cursor.value = part.value;
      go('alerts');
      document.querySelector<HTMLElement>('.list')?.focus();
      return true;
    default:
      return false;
  }
}

export function listenToKeys(): void {
  window.addEventListener('keydown', event => {
    if (
      event.defaultPrevented ||
      event.ctrlKey ||
      event.metaKey ||
      event.altKey ||
      writing(event.target) ||
      document.querySelector('dialog[open]')
    )
      return;
    let done = true;
    if (event.key === '?') helpOpen.value = true;
    else if (/^[1-5]$/.test(event.key)) go(PANELS[Number(event.key) - 1]!);
    else done = panel.value === 'alerts' && inFeed(event.key, event);
    if (done) event.preventDefault();
  });
}
