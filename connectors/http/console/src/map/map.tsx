// The map: where open alerts stand, from the city down to the grid. It draws the alerts that the feed keeps live, so it
// needs no request of its own; the list beside it says the same to keyboards and readers.
import { computed, signal, useSignal, useSignalEffect } from '@preact/signals';
import { useEffect, useRef } from 'preact/hooks';
import { areaNames, nameOfArea } from '../core/format';
import { Empty, Loading, SeverityMark, Toggle } from '../core/marks';
import { go, linkTo, part } from '../core/router';
import { session } from '../core/session';
import { loaded, openRows } from '../core/store';
import { theme } from '../core/theme';
import { SEVERITIES, type Alert, type Severity } from '../core/types';
import { t, term, text } from '../core/words';
import { flip, hidden, underArea } from '../feed/filters';
import { boundaries, loadBoundaries } from './boundaries';
import { boxOf, covered, fit, gathered, toScreen, zoomed, type Size, type View } from './geo';
import { MARK, paint, palette, type Mark } from './paint';

const LENGTHS = [6, 9, 12, 15]; // of the codes of a city, a town, a village, a grid
const view = signal<View | null>(null);

const root = computed(() => session.value?.area || Object.keys(areaNames.value).find(code => code.length === 6) || '');
const area = computed(() => (part.value && part.value.startsWith(root.value) ? part.value : root.value));
const here = computed(() => {
  const away = new Set(hidden.value);
  return openRows.value
    .filter(row => underArea(row, area.value) && !away.has(row.alert.severity))
    .map(row => row.alert);
});
const placed = computed(() =>
  here.value
    .filter(alert => alert.location)
    .sort((a, b) => SEVERITIES.indexOf(a.severity) - SEVERITIES.indexOf(b.severity)),
);

function crumbs(): string[] {
  return LENGTHS.filter(n => n >= root.value.length && n <= area.value.length)
    .map(n => area.value.slice(0, n))
    .filter(c => c !== '');
}

interface Child {
  code: string;
  counts: Record<Severity, number>;
  total: number;
}

// The areas one step down: those with a name, and those that alerts name.
const children = computed<Child[]>(() => {
  const next = LENGTHS.find(n => n > area.value.length);
  if (!next) return [];
  const found = new Map<string, Child>();
  const child = (code: string) => {
    if (!found.has(code)) found.set(code, { code, counts: { red: 0, orange: 0, yellow: 0, blue: 0 }, total: 0 });
    return found.get(code)!;
  };
  for (const code of Object.keys(areaNames.value)) if (code.length === next && code.startsWith(area.value)) child(code);
  for (const alert of here.value) {
    const code = [alert.area?.grid, alert.area?.village, alert.area?.town, alert.area?.city]
      .find(c => c && c.length >= next)
      ?.slice(0, next);
    if (!code) continue;
    const c = child(code);
    c.counts[alert.severity]++;
    c.total++;
  }
  return [...found.values()].sort((a, b) => b.total - a.total || a.code.localeCompare(b.code));
});

function Breadcrumb() {
  return (
    <nav class="crumbs" aria-label={t('area')}>
      <ol>
        {crumbs().map((code, i, all) => (
          <li key={code}>
            {i === all.length - 1 ? (
              <span aria-current="page">{nameOfArea(code)}</span>
            ) : (
              <a href={linkTo('map', code)}>{nameOfArea(code)}</a>
            )}
          </li>
        ))}
      </ol>
    </nav>
  );
}

function useSize(box: { current: HTMLElement | null }) {
  const size = useSignal<Size>({ width: 0, height: 0 });
  useEffect(() => {
    const measure = new ResizeObserver(([e]) => {
      size.value = { width: e!.contentRect.width, height: e!.contentRect.height };
    });
    measure.observe(box.current!);
    return () => measure.disconnect();
  }, []);
  return size;
}

function fitted(size: Size): View | null {
  const of = boundaries.value.filter(b => b.code === area.value);
  const under =
    of.length > 0
      ? of
      : boundaries.value.filter(
          b => area.value === '' || b.code.startsWith(area.value) || (b.code === '' && area.value.length <= 6),
        );
  const points: [number, number][] = under.flatMap(
    b =>
      [
        [b.box.west, b.box.south],
        [b.box.east, b.box.north],
      ] as [number, number][],
  );
  const box = boxOf(points.length > 0 ? points : placed.value.flatMap(a => covered(a.location!)));
  return box && size.width > 0 ? fit(box, size) : null;
}

function Chart({ picked, pick }: { picked: Mark | null; pick: (mark: Mark | null) => void }) {
  const box = useRef<HTMLDivElement>(null),
    canvas = useRef<HTMLCanvasElement>(null),
    size = useSize(box);
  const marks = useRef<Mark[]>([]),
    hovered = useSignal<Mark | null>(null),
    fittedFor = useRef('');
  const drag = useRef<Map<number, { x: number; y: number }>>(new Map()),
    far = useRef(0);

  useSignalEffect(() => {
    // a new area, the boundaries, the first alerts: fit again; afterwards the person moves it
    const key = `${area.value} ${boundaries.value.length} ${placed.value.length > 0} ${size.value.width > 0}`;
    if (key === fittedFor.current) return;
    const next = fitted(size.value);
    if (!next) return;
    fittedFor.current = key;
    view.value = next;
  });
  useSignalEffect(() => {
    void theme.value;
    const now = view.value,
      dimensions = size.value;
    if (!canvas.current || !now || dimensions.width === 0) return;
    marks.current = gathered(placed.value, a => toScreen(now, dimensions, a.location!.lon, a.location!.lat), MARK).map(
      m => ({ ...m, worst: m.items[0]!.severity }),
    );
    const scene = {
      view: now,
      size: dimensions,
      boundaries: boundaries.value,
      area: area.value,
      marks: [...marks.current].reverse(),
      chosen: picked?.items[0]?.alert_id ?? '',
      hovered: hovered.value,
    };
    const frame = requestAnimationFrame(() => canvas.current && paint(canvas.current, scene, palette(canvas.current)));
    return () => cancelAnimationFrame(frame);
  });

  const at = (event: PointerEvent | WheelEvent): [number, number] => {
    const edge = canvas.current!.getBoundingClientRect();
    return [event.clientX - edge.left, event.clientY - edge.top];
  };
  const find = (x: number, y: number) => marks.current.find(m => Math.hypot(m.x - x, m.y - y) < MARK * 0.8) ?? null;
  const zoom = (x: number, y: number, factor: number) => {
    if (view.value) view.value = zoomed(view.value, size.value, x, y, factor);
  };
  const shift = (dx: number, dy: number) => {
    if (!view.value) return;
    const { lon, lat, scale } = view.value;
    view.value = { scale, lon: lon - dx / (scale * Math.cos((lat * Math.PI) / 180)), lat: lat + dy / scale };
  };
  const middle = (factor: number) => zoom(size.value.width / 2, size.value.height / 2, factor);
  const move = (event: PointerEvent) => {
    const [x, y] = at(event),
      before = drag.current.get(event.pointerId);
    if (!before) {
      hovered.value = find(x, y);
      return;
    }
    const [other] = [...drag.current.entries()].filter(([id]) => id !== event.pointerId).map(([, p]) => p);
    if (other)
      zoom(
        (x + other.x) / 2,
        (y + other.y) / 2,
        Math.hypot(x - other.x, y - other.y) / Math.max(1, Math.hypot(before.x - other.x, before.y - other.y)),
      );
    else shift(x - before.x, y - before.y);
    far.current += Math.hypot(x - before.x, y - before.y);
    drag.current.set(event.pointerId, { x, y });
  };
  return (
    <div class="map-box" ref={box}>
      <canvas
        ref={canvas}
        class={hovered.value ? 'on-mark' : ''}
        tabIndex={0}
        role="img"
        aria-label={t('map_of', { area: nameOfArea(area.value), n: placed.value.length })}
        onPointerDown={event => {
          const [x, y] = at(event);
          event.currentTarget.setPointerCapture(event.pointerId);
          drag.current.set(event.pointerId, { x, y });
          far.current = 0;
        }}
        onPointerMove={move}
        onPointerUp={event => {
          drag.current.delete(event.pointerId);
          const [x, y] = at(event);
          if (far.current < 6) pick(find(x, y));
        }}
        onPointerCancel={event => {
          drag.current.delete(event.pointerId);
        }}
        onWheel={event => {
          event.preventDefault();
          const [x, y] = at(event);
          zoom(x, y, Math.exp(-event.deltaY / 400));
        }}
        onKeyDown={event => {
          const step = { ArrowLeft: [60, 0], ArrowRight: [-60, 0], ArrowUp: [0, 60], ArrowDown: [0, -60] }[event.key];
          if (step) shift(step[0]!, step[1]!);
          else if (event.key === '+' || event.key === '=') middle(1.4);
          else if (event.key === '-') middle(1 / 1.4);
          else return;
          event.preventDefault();
        }}
      />
      <div class="map-buttons">
        <button type="button" class="button" aria-label={t('zoom_in')} onClick={() => middle(1.5)}>
          +
        </button>
        <button type="button" class="button" aria-label={t('zoom_out')} onClick={() => middle(1 / 1.5)}>
          −
        </button>
        <button
          type="button"
          class="button"
          aria-label={t('fit')}
          onClick={() => {
            view.value = fitted(size.value) ?? view.value;
          }}
        >
          ⤢
        </button>
      </div>
      {placed.value.length === 0 && boundaries.value.length === 0 && (
        <div class="map-empty">
          <Empty title={t('no_places')} />
        </div>
      )}
      {picked && <Picked mark={picked} close={() => pick(null)} />}
    </div>
  );
}

function Picked({ mark, close }: { mark: Mark; close: () => void }) {
  return (
    <div class="picked" role="dialog" aria-label={t('alerts_here', { n: mark.items.length })}>
      <div class="picked-head">
        <b>{t('alerts_here', { n: mark.items.length })}</b>
        <button type="button" class="button" aria-label={t('back')} onClick={close}>
          ✕
        </button>
      </div>
      <AlertLinks alerts={mark.items} />
    </div>
  );
}

function AlertLinks({ alerts }: { alerts: Alert[] }) {
  return (
    <ul class="related">
      {alerts.slice(0, 50).map(alert => (
        <li key={alert.alert_id}>
          <a href={linkTo('alerts', alert.alert_id)}>
            <SeverityMark severity={alert.severity} bare />
            <span class="related-what">
              <b>{text(alert.name) || alert.rule}</b> {text(alert.summary)}
            </span>
            <span class="soft">{term('status', alert.status)}</span>
          </a>
        </li>
      ))}
    </ul>
  );
}

export function MapPanel() {
  const picked = useSignal<Mark | null>(null);
  useEffect(() => {
    void loadBoundaries();
  }, []);
  useEffect(() => {
    picked.value = null;
  }, [area.value]);
  const unplaced = here.value.length - placed.value.length;
  return (
    <main class="map" id="main">
      <h1 class="unseen">{t('map')}</h1>
      <div class="map-top">
        <Breadcrumb />
        <div class="group" role="group" aria-label={t('severities')}>
          {SEVERITIES.map(s => (
            <Toggle
              key={s}
              on={!hidden.value.includes(s)}
              cls="severity-toggle"
              change={() => {
                hidden.value = flip(hidden.value, s);
              }}
            >
              <SeverityMark severity={s} />
            </Toggle>
          ))}
        </div>
      </div>
      {!loaded.value ? (
        <Loading what={t('loading_alerts')} />
      ) : (
        <div class="map-body">
          <Chart
            picked={picked.value}
            pick={mark => {
              picked.value = mark;
            }}
          />
          <section class="map-side" aria-label={t('areas_below')} tabIndex={0}>
            {unplaced > 0 && <p class="soft map-note">{t('unplaced', { n: unplaced })}</p>}
            {boundaries.value.length === 0 && <p class="soft map-note">{t('no_boundaries')}</p>}
            <table class="areas">
              <thead>
                <tr>
                  <th scope="col">{t('area')}</th>
                  {SEVERITIES.map(s => (
                    <th key={s} scope="col">
                      <SeverityMark severity={s} bare />
                    </th>
                  ))}
                </tr>
              </thead>
              <tbody>
                {children.value.map(child => (
                  <tr key={child.code} class={child.total === 0 ? 'soft' : ''}>
                    <th scope="row">
                      <button type="button" class="link" onClick={() => go('map', child.code)}>
                        {nameOfArea(child.code)}
                      </button>
                    </th>
                    {SEVERITIES.map(s => (
                      <td key={s} class="figure">
                        {child.counts[s] || ''}
                      </td>
                    ))}
                  </tr>
                ))}
              </tbody>
            </table>
            {children.value.length === 0 && <AlertLinks alerts={here.value} />}
          </section>
        </div>
      )}
    </main>
  );
}
