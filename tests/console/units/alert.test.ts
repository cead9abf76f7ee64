// What a rule's text says about its values, and what the timeline makes of evidence and history.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { comparisons, conditions, inWords, parts } from '../../../connectors/http/console/src/alert/fire';
import { isCut, withEarlier, withLatest, type Told } from '../../../connectors/http/console/src/alert/history_model';
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

test('a condition falls into its parts, calls and texts stay whole', () => {
  assert.deepEqual(parts('count() >= 3 || any("smoke" in flags || "fire" in flags)'), [
    'count() >= 3',
    'any("smoke" in flags || "fire" in flags)',
  ]);
  assert.deepEqual(parts('a > 1 && (b < 2 || c == 3)'), ['a > 1', 'b < 2', 'c == 3']);
  assert.deepEqual(parts('text == "a && b"'), ['text == "a && b"']);
});

test('differences, values held against values, and conditions that simply hold', () => {
  const sensor = comparisons(
    'last(values.depth_cm) - min(values.depth_cm) > params.rise_cm',
    { 'last(values.depth_cm)': 14, 'min(values.depth_cm)': 0.5 },
    { rise_cm: 10 },
  );
  assert.deepEqual(
    sensor.map(c => [c.value, c.bound, c.holds]),
    [[13.5, 10, true]],
  );
  const spike = comparisons('observed > expected && p < params.p', { observed: 9, expected: 2, p: 0.5 }, { p: 0.01 });
  assert.deepEqual(
    spike.map(c => [c.name, c.bound, c.holds]),
    [
      ['observed', 2, true],
      ['p', 0.01, false],
    ],
  );
  const fire = 'any(kind == "reading") && any(kind == "report")';
  assert.deepEqual(conditions(fire, { 'any(kind == "reading")': true, 'any(kind == "report")': false }), [
    'any(kind == "reading")',
  ]);
});

test('every form of the shipped rules is told in words', () => {
  for (const [name, zh, en] of [
    ['max(orElse(values.depth_cm, 0.0))', '积水深度（厘米）最高', 'highest water depth, cm'],
    ['any(kind == "reading")', '其中有：传感器读数', 'among them: sensor reading'],
    ['any("smoke" in flags || "fire" in flags)', '其中有：冒烟或起火', 'among them: smoke or fire'],
    ['distinct(kind == "report" ? place : null)', '不同上报地点', 'different places of a report'],
    ['sum(stage == "returned" ? 1 : 0)', '退回次数', 'times sent back'],
    [
      'last(values.depth_cm) - min(values.depth_cm)',
      '最近积水深度（厘米） − 积水深度（厘米）最低',
      'latest water depth, cm − lowest water depth, cm',
    ],
  ] as const) {
    assert.equal(inWords(name, 'zh'), zh);
    assert.equal(inWords(name, 'en'), en);
  }
});

test('values in words, or their own text', () => {
  assert.equal(inWords('distinct(reporter)', 'zh'), '不同反映人');
  assert.equal(inWords('max(values.wind_ms)', 'en'), 'highest wind ms');
  assert.equal(inWords('sum(stage == "x" ? 1 : 0)', 'en'), 'sum(stage == "x" ? 1 : 0)');
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

// The changes from one number to another.
const told = (from: number, until: number): Told => ({
  history: Array.from({ length: until - from + 1 }, (_, i) => ({ data: { seq: from + i } }) as Transition),
  earlier: from - 1,
});
const numbers = (of: Told) => [of.earlier, of.history[0]?.data.seq, of.history.length];

test('earlier history goes before what is known, each change once', () => {
  const whole = withEarlier(told(201, 400), told(1, 200));
  assert.deepEqual(numbers(whole), [0, 1, 400]);
  assert.deepEqual(
    whole.history.map(change => change.data.seq),
    Array.from({ length: 400 }, (_, i) => i + 1),
  );
  assert.deepEqual(numbers(withEarlier(told(201, 400), { history: [], earlier: 0 })), [0, 201, 200], 'none is kept');
  assert.ok(isCut({ ...told(201, 400), earlier: 0 }) && !isCut(told(201, 400)) && !isCut(told(1, 3)));
});

test('earlier history that was read stays when the alert changes', () => {
  assert.deepEqual(numbers(withLatest(null, told(201, 400))), [200, 201, 200]);
  const known = withEarlier(told(201, 400), told(1, 200));
  assert.deepEqual(numbers(withLatest(known, told(203, 402))), [0, 1, 402]);
  assert.deepEqual(numbers(withLatest(told(201, 400), told(201, 401))), [200, 201, 201]);
  assert.deepEqual(numbers(withLatest(known, told(450, 649))), [449, 450, 200], 'they no longer meet');
  assert.deepEqual(numbers(withLatest(known, told(401, 600))), [0, 1, 600], 'they just meet');
});
