// The list stands still under the eye, and the cursor stays where a person left it.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { anchored, moved, sliceOf } from '../../../connectors/http/console/src/feed/window';

const ids = (from: number, until: number) => Array.from({ length: until - from }, (_, i) => `a${from + i}`);

test('only the rows in sight, and a few beside them, exist', () => {
  const { first, last } = sliceOf(100_000, 34, 34 * 5000, 680);
  assert.ok(first <= 5000 && first > 4980);
  assert.ok(last >= 5020 && last < 5040);
  assert.deepEqual(sliceOf(0, 34, 0, 680), { first: 0, last: 0 });
  assert.deepEqual(sliceOf(3, 34, 0, 680), { first: 0, last: 3 });
  assert.ok(sliceOf(3, 34, 34 * 5000, 680).first <= 3, 'a list that shrank is still drawn');
});

test('new rows above what is read do not move it', () => {
  const before = ids(0, 100),
    after = ['n1', 'n2', 'n3', ...before];
  assert.equal(anchored(before, after, 34 * 10 + 5, 34), 34 * 13 + 5);
  assert.equal(anchored(before, after, 0, 34), 0, 'at the top new rows come in');
});

test('when the row itself is gone, the one above it keeps its place', () => {
  const before = ids(0, 100),
    after = before.filter(id => id !== 'a10' && id !== 'a9');
  assert.equal(anchored(before, after, 34 * 10, 34), 34 * 10);
  assert.equal(anchored(ids(0, 5), ids(50, 60), 34 * 2, 34), 34 * 2, 'another list altogether');
});

test('the cursor moves by id, and by place when its row is gone', () => {
  const list = ids(0, 5);
  assert.equal(moved(list, 'a1', 0, 1), 2);
  assert.equal(moved(list, 'a0', 0, -1), 0);
  assert.equal(moved(list, 'a4', 4, 1), 4);
  assert.equal(moved(list, 'gone', 2, 1), 2, 'the row that moved up into its place');
  assert.equal(moved(list, 'gone', 2, -1), 1);
  assert.equal(moved([], 'a0', 0, 1), -1);
  assert.equal(moved(list, '', 0, 1), 0, 'the first key goes to the first row');
});
