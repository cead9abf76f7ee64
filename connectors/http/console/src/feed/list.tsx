// The list of alerts: only the rows in sight exist, each keyed by its alert, so that an update changes a few texts and
// a new row moves nothing that is being read.
import { effect, signal, useSignal, useSignalEffect } from '@preact/signals';
import { useEffect, useLayoutEffect, useRef } from 'preact/hooks';
import { age, areaText, clock, now, ownerText } from '../core/format';
import { SeverityMark, StateMark } from '../core/marks';
import { go, part } from '../core/router';
import { isSilenced, silencedBy } from '../core/silences';
import { isShadow, type Row } from '../core/store';
import { t, text } from '../core/words';
import { shown } from './filters';
import { anchored, moved, sliceOf } from './window';

const WIDE = 34,
  NARROW = 58,
  NARROW_BELOW = 900;
const HOLD_MS = 900; // after the pointer moved over the list, rows do not slip away under it

export const cursor = signal('');
let stood = 0;
export const listed = signal<Row[]>([]); // what is drawn: `shown`, but held still under the pointer
export const waiting = signal(0); // rows that are held back

let pointerAt = -Infinity,
  holdTimer = 0;
function settle(): void {
  clearTimeout(holdTimer);
  const fresh = shown.value,
    left = pointerAt + HOLD_MS - performance.now();
  if (left <= 0 || listed.peek().length === 0) {
    listed.value = fresh;
    waiting.value = 0;
    return;
  }
  // Held: rows keep their places; what changed in them is told, what ended stays until the hold is over.
  const latest = new Map(fresh.map(row => [row.alert.alert_id, row]));
  const known = new Set(listed.peek().map(row => row.alert.alert_id));
  listed.value = listed.peek().map(row => latest.get(row.alert.alert_id) ?? row);
  waiting.value = fresh.filter(row => !known.has(row.alert.alert_id)).length;
  holdTimer = window.setTimeout(settle, left);
}
effect(() => {
  void shown.value;
  settle();
});
export function release(): void {
  pointerAt = -Infinity;
  settle();
}

export function moveCursor(by: number): void {
  const ids = listed.value.map(row => row.alert.alert_id);
  const index = moved(ids, cursor.value, stood, by);
  if (index < 0) return;
  stood = index;
  cursor.value = ids[index]!;
}

export function AlertList() {
  const box = useRef<HTMLDivElement>(null);
  const top = useSignal(0),
    height = useSignal(600),
    narrow = useSignal(false);
  const drawn = useRef<string[]>([]);
  const drawnRows = useRef<Row[]>([]);
  const rowHeight = narrow.value ? NARROW : WIDE;
  const rows = listed.value,
    ids = rows.map(row => row.alert.alert_id);
  // Where the list will stand once it is drawn: the rows there must exist already, however many came in at once.
  const scrolled = top.value; // read always, so that scrolling draws
  const stand =
    drawnRows.current === rows ? scrolled : anchored(drawn.current, ids, box.current?.scrollTop ?? scrolled, rowHeight);
  const { first, last } = sliceOf(rows.length, rowHeight, stand, height.value);

  useEffect(() => {
    const measure = new ResizeObserver(([entry]) => {
      height.value = entry!.contentRect.height;
      narrow.value = entry!.contentRect.width < NARROW_BELOW;
    });
    measure.observe(box.current!);
    return () => measure.disconnect();
  }, []);

  useLayoutEffect(() => {
    const element = box.current!;
    if (stand !== element.scrollTop) element.scrollTop = stand;
    drawn.current = ids;
    drawnRows.current = rows;
    top.value = element.scrollTop;
  }, [rows, rowHeight]);

  useSignalEffect(() => {
    // the cursor stays in sight
    const index = listed.peek().findIndex(row => row.alert.alert_id === cursor.value),
      element = box.current;
    if (index < 0 || !element) return;
    const high = narrow.peek() ? NARROW : WIDE,
      y = index * high;
    if (y < element.scrollTop) element.scrollTop = y;
    else if (y + high > element.scrollTop + element.clientHeight) element.scrollTop = y + high - element.clientHeight;
  });

  const active = rows.findIndex(row => row.alert.alert_id === cursor.value);
  const inSight = active >= first && active < last;
  return (
    <div
      class={`list ${narrow.value ? 'narrow' : 'wide'}`}
      ref={box}
      tabIndex={0}
      role="listbox"
      aria-label={t('alerts')}
      aria-activedescendant={inSight ? `row-${cursor.value}` : undefined}
      onScroll={event => {
        top.value = event.currentTarget.scrollTop;
      }}
      onPointerMove={event => {
        if (event.pointerType === 'mouse') pointerAt = performance.now();
      }}
      onPointerLeave={release}
    >
      <div class="list-all" role="presentation" style={{ height: `${rows.length * rowHeight}px` }}>
        {rows.slice(first, last).map((row, i) => (
          <AlertRow
            key={row.alert.alert_id}
            row={row}
            index={first + i}
            of={rows.length}
            top={(first + i) * rowHeight}
          />
        ))}
      </div>
    </div>
  );
}

function AlertRow({ row, index, of, top }: { row: Row; index: number; of: number; top: number }) {
  const { alert } = row;
  const open = part.value === alert.alert_id;
  const total = alert.evidence?.total ?? 0;
  const fresh = row.arrived > 0 && alert.seq === 1 && Date.now() - row.arrived < 2500;
  return (
    <div
      id={`row-${alert.alert_id}`}
      class={`row ${fresh ? 'fresh' : ''} ${alert.status}`}
      role="option"
      aria-selected={open}
      aria-posinset={index + 1}
      aria-setsize={of}
      data-id={alert.alert_id}
      data-cursor={cursor.value === alert.alert_id || undefined}
      style={{ transform: `translateY(${top}px)` }}
      onClick={() => {
        cursor.value = alert.alert_id;
        stood = index;
        go('alerts', alert.alert_id);
      }}
    >
      <SeverityMark severity={alert.severity} />
      <span class="what">
        {isSilenced(alert) && (
          <em class="shadow-tag silenced-tag" title={silencedBy(alert)}>
            {t('silenced')}
          </em>
        )}
        <b class="name">{text(alert.name) || alert.rule}</b> <span class="summary">{text(alert.summary)}</span>
      </span>
      <span class="area">{areaText(alert.area)}</span>
      <span class="owner">{alert.assigned_to || ownerText(alert.owner)}</span>
      <StateMark status={alert.status} to={alert.assigned_to} />
      <span class="count">
        {total > 0 ? t('events', { n: total }) : ''}
        {isShadow(alert) && <em class="shadow-tag">{t('shadow')}</em>}
      </span>
      <span class="age" title={clock(alert.opened_at, true)}>
        {age(alert.opened_at, now.value)}
      </span>
    </div>
  );
}
