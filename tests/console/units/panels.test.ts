// The map's arithmetic, the scorecard's sorting and spans, the values that the rule desk tries, a source's freshness.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { age } from '../../../connectors/http/console/src/core/format';
import { share } from '../../../connectors/http/console/src/core/share';
import { caretUnder } from '../../../connectors/http/console/src/desk/caret';
import { readValues, valuesAround } from '../../../connectors/http/console/src/desk/values';
import { freshness, standing, type SourceState } from '../../../connectors/http/console/src/health/status';
import { readBoundaries } from '../../../connectors/http/console/src/map/boundaries';
import {
  boxOf,
  covered,
  fit,
  gathered,
  scaleBar,
  toPlace,
  toScreen,
  zoomed,
} from '../../../connectors/http/console/src/map/geo';
import {
  csv,
  daysOf,
  daysShown,
  earlier,
  COLUMNS,
  sorted,
  type Scorecard,
  type ScoreRow,
} from '../../../connectors/http/console/src/scorecard/rows';

const SIZE = { width: 800, height: 600 };
const near = (a: number, b: number, by = 1e-9) => assert.ok(Math.abs(a - b) < by, `${a} is not ${b}`);

test('there and back on the map', () => {
  const view = fit(
    boxOf([
      [121.1, 30.0],
      [121.6, 30.4],
    ])!,
    SIZE,
  );
  const [x, y] = toScreen(view, SIZE, 121.3, 30.2),
    [lon, lat] = toPlace(view, SIZE, x, y);
  near(lon, 121.3);
  near(lat, 30.2);
  for (const [west, south] of [
    [121.1, 30.0],
    [121.6, 30.4],
  ] as const) {
    const [px, py] = toScreen(view, SIZE, west, south);
    assert.ok(px >= 0 && px <= SIZE.width && py >= 0 && py <= SIZE.height);
  }
});

test('what an alert covers is fitted, not its middle alone', () => {
  const ring: [number, number][] = [
    [121.1, 30.0],
    [121.5, 30.0],
    [121.3, 30.4],
  ];
  const view = fit(boxOf(covered({ lon: 121.3, lat: 30.1, ring }))!, SIZE);
  for (const [lon, lat] of ring) {
    const [x, y] = toScreen(view, SIZE, lon, lat);
    assert.ok(x >= 0 && x <= SIZE.width && y >= 0 && y <= SIZE.height, `${x},${y}`);
  }
});

test('a share that is short of all is not told as all', () => {
  assert.equal(share(0.9998), '99.9 %');
  assert.equal(share(1), '100 %');
  assert.equal(share(0), '0 %');
  assert.equal(share(0.5), '50.0 %');
});

test('zooming keeps the place under the pointer', () => {
  const view = { lon: 121.3, lat: 30.2, scale: 2000 },
    before = toPlace(view, SIZE, 100, 450);
  const after = toPlace(zoomed(view, SIZE, 100, 450, 1.7), SIZE, 100, 450);
  near(before[0], after[0], 1e-4);
  near(before[1], after[1], 1e-9);
});

test('marks that would cover each other become one', () => {
  const found = gathered(
    [
      [0, 0],
      [5, 5],
      [100, 100],
      [103, 100],
    ] as [number, number][],
    p => p,
    20,
  );
  assert.deepEqual(
    found.map(m => m.items.length),
    [2, 2],
  );
});

test('the scale bar is a round length that fits', () => {
  for (const scale of [200, 3000, 50_000, 900_000]) {
    const { metres, pixels } = scaleBar({ lon: 0, lat: 30, scale }, 120);
    assert.ok(pixels <= 120 && pixels > 40);
    assert.match(String(metres), /^[125]0*$|^0\.0*[125]$/);
  }
});

test('boundaries of any polygon are read, anything else is left out', () => {
  const found = readBoundaries({
    features: [
      {
        properties: { code: '330282', name: '慈溪市' },
        geometry: {
          type: 'MultiPolygon',
          coordinates: [
            [
              [
                [121, 30],
                [122, 30],
                [122, 31],
                [121, 30],
              ],
            ],
          ],
        },
      },
      { properties: null, geometry: { type: 'Point', coordinates: [121, 30] } },
      { geometry: null },
    ],
  });
  assert.equal(found.length, 1);
  assert.equal(found[0]!.code, '330282');
  assert.deepEqual(found[0]!.box, { west: 121, east: 122, south: 30, north: 31 });
});

const row = (key: string, rank: number | null, disposal: number | null) =>
  ({ key, name: key, rank, cases: { disposal_rate: disposal }, events: { total: 1 } }) as unknown as ScoreRow;

test('rows without a figure go last, up and down', () => {
  const rows = [row('a', 2, null), row('b', 1, 0.5), row('c', 3, 0.9)];
  assert.deepEqual(
    sorted(rows, 'disposal', true).map(r => r.key),
    ['c', 'b', 'a'],
  );
  assert.deepEqual(
    sorted(rows, 'disposal', false).map(r => r.key),
    ['b', 'c', 'a'],
  );
  assert.deepEqual(
    sorted(rows, 'rank', false).map(r => r.key),
    ['b', 'a', 'c'],
  );
});

test('spans are whole days with both ends in them', () => {
  assert.deepEqual(daysOf('week', '2026-03-03'), ['2026-02-25', '2026-03-03']);
  assert.deepEqual(daysOf('this_month', '2026-03-03'), ['2026-03-01', '2026-03-03']);
  assert.deepEqual(daysOf('last_month', '2026-03-03'), ['2026-02-01', '2026-02-28']);
  assert.deepEqual(daysOf('last_month', '2026-01-09'), ['2025-12-01', '2025-12-31']);
});

test('the days shown are those chosen, else those that the service took', () => {
  const card = { span: { from: '2025-12-02', to: '2025-12-31', days: 30 } };
  assert.deepEqual(daysShown('', '', card), ['2025-12-02', '2025-12-31']);
  assert.deepEqual(daysShown('2025-06-01', '', card), ['2025-06-01', '2025-12-31']);
  assert.deepEqual(daysShown('', '', null), ['', '']);
});

test('an age is an age, however old', () => {
  const now = Date.parse('2026-06-01T08:00:00Z');
  assert.equal(age('2026-06-01T07:48:00Z', now), '12 min');
  assert.equal(age('2026-05-28T08:00:00Z', now), '4 d');
  assert.equal(age('2025-06-01T07:00:00Z', now), '365 d');
});

test('the figure of another span is the same figure, or none', () => {
  const of = (key: string) => COLUMNS.find(c => c.key === key)!;
  const before = {
    events: 12,
    opened: 9,
    disposal_rate: 0.6,
    alerts: 3,
    closing_seconds: { n: 4, median: 60, p90: 90 },
  };
  const told = { ...row('a', 1, 1), trend: { before, year_before: null } } as ScoreRow;
  assert.equal(earlier(told, of('disposal'), 'before'), 0.6);
  assert.equal(earlier(told, of('events'), 'before'), 12);
  assert.equal(earlier(told, of('alerts_opened'), 'before'), 3, 'not the cases that were opened');
  assert.equal(earlier(told, of('closing90'), 'before'), 90);
  assert.equal(earlier(told, of('lead'), 'before'), null);
  assert.equal(earlier(told, of('disposal'), 'year_before'), null);
});

test('a post has no alerts', () => {
  const post = { ...row('a', 1, 1), alerts: null } as unknown as ScoreRow;
  assert.equal(COLUMNS.find(c => c.key === 'alerts_opened')!.of(post), null);
});

test('a saved table has every row, and no cell that a spreadsheet would run', () => {
  const text = csv({ rows: [{ ...row('330282004', 1, 0.5), name: '=cmd, "x"' }] } as unknown as Scorecard, [
    'code',
    'name',
  ]);
  assert.ok(text.startsWith('\ufeffcode,name\r\n330282004,"'));
  assert.ok(text.includes('"\'=cmd, ""x"""'), text);
});

test('the caret stands under what is meant, also behind Chinese', () => {
  assert.equal(caretUnder('fire: count() >= x', 18, 1), 'fire: count() >= x\n                 ^');
  assert.equal(caretUnder('zh: 积水 plaec', 8, 5), 'zh: 积水 plaec\n    \u3000\u3000 ^~~~~');
});

test('values around the one in force', () => {
  assert.deepEqual(valuesAround(3), ['2', '3', '4', '5', '6']);
  assert.ok(valuesAround('60m').includes('60m') && valuesAround('60m').every(v => /^\d+m$/.test(v)));
  assert.ok(valuesAround(15.5).includes('15.5'));
  assert.deepEqual(valuesAround('water'), []);
  assert.deepEqual(readValues(' 2, 3，4 3 '), ['2', '3', '4']);
});

const source = (more: Partial<SourceState>) =>
  ({ read: 10, lag_seconds: 0, rate: 1, last_event_at: null, ...more }) as SourceState;

test('a failing check beside what is needed degrades the service and does not stop it', () => {
  const check = (ok: boolean) => ({ name: 'receivers', ok, reason: '' });
  assert.equal(standing({ ready: true, checks: [check(true)] }), 'ready');
  assert.equal(standing({ ready: true, checks: [check(true), check(false)] }), 'degraded');
  assert.equal(standing({ ready: false, checks: [check(false)] }), 'not');
});

test('a source is flowing, behind, quiet or has told nothing', () => {
  const now = Date.parse('2026-06-01T08:00:00Z');
  assert.equal(freshness(source({}), now), 'flowing');
  assert.equal(freshness(source({ lag_seconds: 61 }), now), 'behind');
  assert.equal(freshness(source({ rate: 0, last_event_at: '2026-06-01T07:00:00Z' }), now), 'quiet');
  assert.equal(freshness(source({ read: 0 }), now), 'never');
});
