// What a rule's text says about its values, and what the timeline makes of evidence and history.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { comparisons, inWords } from '../../../connectors/http/console/src/alert/fire';
import { ticks, timeline } from '../../../connectors/http/console/src/alert/timeline_model';
import type { Transition } from '../../../connectors/http/console/src/core/types';

test('comparisons with parameters and with numbers', () => {
  const found = comparisons(
    'distinct(place) >= params.places && (count() > 2)',
    { 'distinct(place)': 6, 'count()': 2 },
    { places: 3 },
  );
  assert.deepEqual(found, [
    { name: 'distinct(place)', sign: '>=', bound: 3, param: 'places', value: 6, holds: true },
    { name: 'count()', sign: '>', bound: 2, param: undefined, value: 2, holds: false },
  ]);
});

test('what cannot be read is left out, never guessed', () => {
  assert.deepEqual(comparisons('any("trapped" in flags)', { 'any("trapped" in flags)': true }, {}), []);
  assert.deepEqual(comparisons('distinct(place) >= params.places', { 'distinct(place)': 6 }, {}), []);
  assert.deepEqual(comparisons('last(values.depth) - min(values.depth) > 10', { 'last(values.depth)': 3 }, {}), []);
});

test('values in words, or their own text', () => {
  assert.equal(inWords('distinct(reporter)', 'zh'), '不同反映人');
  assert.equal(inWords('max(values.depth_cm)', 'en'), 'highest depth cm');
  assert.equal(inWords('sum(stage == "returned" ? 1 : 0)', 'en'), 'sum(stage == "returned" ? 1 : 0)');
});

const at = (minute: number) => new Date(Date.UTC(2026, 5, 1, 8, minute)).toISOString();
const change = (minute: number, value: number) =>
  ({
    id: `x/${minute}`,
    type: 'tocsin.alert.updated',
    time: at(minute),
    data: { values: { 'count()': value } },
  }) as unknown as Transition;

test('a timeline has lanes by channel, the window behind the latest event, and the value over time', () => {
  const events = [
    { source: 'grid', id: '1', occurred_at: at(0) },
    { source: 'police110', id: '2', occurred_at: at(20) },
    { source: 'grid', id: '3', occurred_at: at(40) },
  ];
  const t = timeline(
    events,
    [change(40, 3), change(20, 2)],
    'count()',
    3,
    3600,
    Date.parse(at(40)),
    Date.parse(at(41)),
  )!;
  assert.deepEqual(t.lanes, ['grid', 'police110']);
  assert.deepEqual(
    t.dots.map(d => d.lane),
    [0, 1, 0],
  );
  assert.deepEqual(t.window, { from: Date.parse(at(-20)), until: Date.parse(at(40)) });
  assert.deepEqual(
    t.steps.map(s => s.value),
    [2, 3],
  );
  assert.ok(t.from < Date.parse(at(-20)) && t.until > Date.parse(at(40)) && t.top > 3);
});

test('no times, no timeline; bad times are left out', () => {
  assert.equal(timeline([], [], null, null, null, NaN, NaN), null);
  const t = timeline(
    [{ source: 'grid', id: '1', occurred_at: 'soon' }],
    [],
    null,
    null,
    60,
    Date.parse(at(0)),
    Date.parse(at(0)),
  )!;
  assert.equal(t.dots.length, 0);
});

test('an axis has round ticks, and never too many', () => {
  for (const span of [1, 7, 60, 600, 6000, 60_000, 600_000]) {
    const found = ticks(0, span * 60_000, 6);
    assert.ok(found.length <= 7, `${span}: ${found.length}`);
    assert.ok(span >= 60_000 || found.every(tick => tick % 60_000 === 0));
  }
});
