// Which silences hold an alert still, what an officer's silence covers, and from when it counts.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  areasOf,
  bodyOf,
  draftOf,
  eventTime,
  isComplete,
  LASTING,
  UNTIL,
} from '../../../connectors/http/console/src/alert/silence_draft';
import { session } from '../../../connectors/http/console/src/core/session';
import {
  covers,
  isSilenced,
  mayEnd,
  noteTime,
  severitiesOf,
  silencedBy,
  silences,
  silencesOf,
  type Silence,
} from '../../../connectors/http/console/src/core/silences';
import type { Alert, Role } from '../../../connectors/http/console/src/core/types';
import { language } from '../../../connectors/http/console/src/core/words';

const silence = (more: Partial<Silence> = {}): Silence => ({
  id: 's',
  by: 'city',
  reason: 'works',
  until: null,
  ...more,
});
const alert = (more: Partial<Alert> = {}) =>
  ({
    alert_id: 'a',
    rule: 'seen',
    severity: 'orange',
    status: 'open',
    updated_at: '2026-06-01T08:00:00Z',
    area: { city: '330282', town: '330282101', village: '330282101005', grid: 'g-7' },
    ...more,
  }) as Alert;
const known = (...list: Silence[]) => {
  silences.value = new Map(list.map(s => [s.id, s]));
};
const signedIn = (role: Role, area = '') => {
  session.value = { open: false, signed_in: true, name: 'x', role, area };
};

test('a silence says how grave it silences, until when and by whom', () => {
  language.value = 'zh';
  assert.equal(severitiesOf({ severity: 'red' }), '全部级别');
  assert.equal(severitiesOf({}), '全部级别');
  assert.equal(severitiesOf({ severity: 'yellow' }), '黄色及以下');
  language.value = 'en';
  assert.equal(severitiesOf({ severity: 'yellow' }), 'Yellow and below');
  known(silence({ until: '2026-06-01T08:00:00Z' }));
  assert.match(
    silencedBy(alert({ status: 'closed', silenced_by: ['s', 'gone'] })),
    /^until .*06-01 .* · city · works$/,
  );
  assert.match(silencedBy(alert()), /^until .*06-01 .* · city · works$/);
});

test('a silence covers what all that narrows it leaves', () => {
  assert.ok(covers({}, alert()));
  assert.ok(covers({ rules: [], area: '', severity: 'red' }, alert()));
  assert.ok(covers({ rules: ['seen', 'owed'] }, alert()) && !covers({ rules: ['owed'] }, alert()));
  assert.ok(covers({ severity: 'orange' }, alert()) && !covers({ severity: 'yellow' }, alert()));
  for (const area of ['330282', '330282101', '330282101005', 'g-7']) assert.ok(covers({ area }, alert()), area);
  for (const area of ['330283', '330282102', '3302821010051']) assert.ok(!covers({ area }, alert()), area);
  assert.ok(!covers({ area: '330282' }, alert({ area: undefined })));
  const later = { from: '2026-06-02T00:00:00Z' };
  assert.ok(!covers(later, alert()), 'it has not begun');
  assert.ok(covers({ from: '2026-06-01T08:00:00Z' }, alert()));
  noteTime(alert({ updated_at: '2026-06-02T00:00:00Z' }));
  assert.ok(covers(later, alert()), 'event time has come to it');
});

test('an open alert is silenced by what holds now, an ended one by what held then', () => {
  silences.value = null;
  assert.ok(isSilenced(alert({ silenced_by: ['s'] })), 'as the alert says, until the silences are read');
  known(silence({ id: 'now', area: '330282101' }));
  assert.deepEqual(
    silencesOf(alert()).map(s => s.id),
    ['now'],
  );
  assert.ok(isSilenced(alert()), 'before its next change');
  known();
  assert.ok(!isSilenced(alert({ silenced_by: ['now'] })), 'ended since its last change');
  assert.ok(isSilenced(alert({ status: 'closed', silenced_by: ['now'] })));
});

test('an officer ends silences of their own area, none of a file, and a viewer none', () => {
  signedIn('officer');
  assert.ok(mayEnd(silence()) && !mayEnd(silence({ in_file: true })));
  signedIn('officer', '330282101');
  assert.ok(mayEnd(silence({ area: '330282101005' })) && !mayEnd(silence({ area: '330282' })) && !mayEnd(silence()));
  signedIn('viewer');
  assert.ok(!mayEnd(silence()));
});

test('matters like this: as narrow as the alert, in areas that the account may silence', () => {
  assert.deepEqual(areasOf(alert(), ''), ['g-7', '330282101005', '330282101', '330282', '']);
  assert.deepEqual(areasOf(alert(), '330282101'), ['330282101005', '330282101']);
  assert.deepEqual(areasOf(alert({ area: {} }), '330282101'), []);
  assert.deepEqual(areasOf(alert({ area: {} }), ''), ['']);
  const draft = draftOf(alert(), '330282101');
  assert.ok(!isComplete(draft), 'why?');
  assert.ok(isComplete({ ...draft, reason: 'works' }));
  assert.ok(!isComplete({ ...draft, reason: 'works', lasting: UNTIL }), 'until when?');
  assert.deepEqual(bodyOf({ ...draft, reason: ' works ' }, 'Li Wei', 1_000), {
    by: 'Li Wei',
    reason: 'works',
    until: 1_000 + LASTING[1],
    rules: ['seen'],
    area: '330282101005',
    severity: 'orange',
  });
  const whole = bodyOf(
    { ...draft, rule: '', area: '', reason: 'works', lasting: UNTIL, until: '2026-06-01T18:00' },
    'x',
    1_000,
  );
  assert.deepEqual(whole, { by: 'x', reason: 'works', until: '2026-06-01T18:00', severity: 'orange' });
});

test('its length counts from event time, which is the clock’s unless only events move it', () => {
  const at = (time: 'clock' | 'log', ...watermarks: (string | null)[]) =>
    eventTime({ time, sources: watermarks.map(watermark => ({ watermark })) as never }, 5_000);
  assert.equal(at('clock', '1970-01-01T00:00:02Z', null), 5_000);
  assert.equal(at('clock', '1970-01-01T00:00:09Z'), 9_000, 'this browser’s clock is behind');
  assert.equal(at('log', '1970-01-01T00:00:02Z', '1970-01-01T00:00:03Z', null), 3_000);
  assert.equal(at('log', null), 5_000, 'nothing has come');
});
