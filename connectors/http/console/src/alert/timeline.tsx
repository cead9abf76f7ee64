// The contributing events over time, by channel, with the window and, below, the value that fired against its threshold.
import { useSignal } from '@preact/signals';
import { useEffect, useMemo, useRef } from 'preact/hooks';
import { clock, dayOf, hour, show } from '../core/format';
import { rules } from '../core/store';
import type { AlertDetail, EventRef } from '../core/types';
import { language, t, term } from '../core/words';
import { inWords, SIGNS } from './fire';
import { ticks, timeline } from './timeline_model';
import { compared } from './why';

const LANE = 18,
  CHART = 64,
  AXIS = 20,
  LEFT = 78,
  RIGHT = 12;

export function TimelineView({ alert, events }: { alert: AlertDetail; events: EventRef[] }) {
  const box = useRef<HTMLDivElement>(null),
    width = useSignal(520);
  useEffect(() => {
    const measure = new ResizeObserver(([entry]) => {
      width.value = Math.max(260, entry!.contentRect.width);
    });
    measure.observe(box.current!);
    return () => measure.disconnect();
  }, []);
  const comparison = compared(alert)[0];
  const within = rules.value.get(alert.rule)?.within_seconds ?? null;
  const model = useMemo(
    () =>
      timeline(
        events,
        alert.history ?? [],
        comparison?.name ?? null,
        comparison?.bound ?? null,
        within,
        Date.parse(alert.opened_at),
        Date.parse(alert.updated_at),
      ),
    [alert, events, within],
  );
  if (!model) return <div ref={box} />;
  const w = width.value,
    x = (at: number) => LEFT + ((at - model.from) / (model.until - model.from)) * (w - LEFT - RIGHT);
  const lanesHeight = Math.max(1, model.lanes.length) * LANE + 6;
  const chart = model.steps.length > 0 ? CHART : 0,
    height = lanesHeight + chart + AXIS;
  const y = (value: number) => lanesHeight + chart - 4 - (value / model.top) * (chart - 10);
  const marks = ticks(model.from, model.until, Math.max(2, Math.floor((w - LEFT) / 74)));
  const days = model.until - model.from > 36e5 * 20;
  const opened = x(Date.parse(alert.opened_at));
  return (
    <div ref={box} class="timeline">
      <svg width={w} height={height} role="img" aria-label={t('timeline_of', { n: events.length })}>
        {model.window && (
          <rect
            class="t-window"
            x={x(model.window.from)}
            y={0}
            width={Math.max(1, x(model.window.until) - x(model.window.from))}
            height={height - AXIS}
          >
            <title>
              {t('window')}: {clock(model.window.from, true)} – {clock(model.window.until, true)}
            </title>
          </rect>
        )}
        {model.lanes.map((lane, i) => (
          <g key={lane}>
            <text class="t-text" x={LEFT - 8} y={i * LANE + 14} text-anchor="end">
              {term('source', lane)}
            </text>
            <line class="t-lane" x1={LEFT} x2={w - RIGHT} y1={i * LANE + 10} y2={i * LANE + 10} />
          </g>
        ))}
        {model.dots.map(({ at, lane, event }) => (
          <circle
            key={`${event.source}/${event.id}`}
            class={event.id === openedBy(alert) ? 't-dot t-first' : 't-dot'}
            cx={x(at)}
            cy={lane * LANE + 10}
            r={event.id === openedBy(alert) ? 5 : 3.5}
          >
            <title>
              {clock(at, true)} {term('source', event.source)} {event.id}
              {event.place ? ` ${event.place}` : ''}
            </title>
          </circle>
        ))}
        {chart > 0 && <Chart model={model} x={x} y={y} right={w - RIGHT} sign={comparison?.sign} />}
        <line class="t-opened" x1={opened} x2={opened} y1={0} y2={height - AXIS} />
        <line class="t-axis" x1={LEFT} x2={w - RIGHT} y1={height - AXIS} y2={height - AXIS} />
        {marks.map(at => (
          <g key={at}>
            <line class="t-axis" x1={x(at)} x2={x(at)} y1={height - AXIS} y2={height - AXIS + 4} />
            <text class="t-text" x={x(at)} y={height - 4} text-anchor="middle">
              {days ? dayOf(at).slice(5) : hour(at)}
            </text>
          </g>
        ))}
      </svg>
      <p class="legend soft">
        {model.window && (
          <span>
            <i class="k-window" />
            {t('window')}
          </span>
        )}
        <span>
          <i class="k-opened" />
          {t('opened_at')}
        </span>
        {comparison && chart > 0 && (
          <>
            <span>
              <i class="k-value" />
              {inWords(comparison.name, language.value, rules.value.get(alert.rule)?.measures)}
            </span>
            <span>
              <i class="k-bound" />
              {t('threshold')} {SIGNS[comparison.sign]} {show(comparison.bound)}
            </span>
          </>
        )}
      </p>
    </div>
  );
}

const openedBy = (alert: AlertDetail) => (alert as unknown as { opened_by?: { id?: string } }).opened_by?.id;

function Chart({
  model,
  x,
  y,
  right,
  sign,
}: {
  model: NonNullable<ReturnType<typeof timeline>>;
  x: (at: number) => number;
  y: (value: number) => number;
  right: number;
  sign?: string;
}) {
  let path = '';
  model.steps.forEach((step, i) => {
    path += i === 0 ? `M${x(step.at)} ${y(step.value)}` : `H${x(step.at)}V${y(step.value)}`;
  });
  const last = model.steps[model.steps.length - 1]!;
  return (
    <g>
      {model.bound !== null && (
        <>
          <line class="t-bound" x1={LEFT} x2={right} y1={y(model.bound)} y2={y(model.bound)} />
          <text class="t-text" x={LEFT - 8} y={y(model.bound) + 4} text-anchor="end">
            {sign ? SIGNS[sign] : ''} {show(model.bound)}
          </text>
        </>
      )}
      <path class="t-value" d={`${path}H${x(model.until)}`} />
      {model.steps.map(step => (
        <circle key={step.at} class="t-step" cx={x(step.at)} cy={y(step.value)} r="2.5">
          <title>
            {clock(step.at, true)}: {show(step.value)}
          </title>
        </circle>
      ))}
      <text class="t-text t-strong" x={right} y={y(last.value) - 5} text-anchor="end">
        {show(last.value)}
      </text>
    </g>
  );
}
