// Server-sent events, however they are cut into pieces.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { FrameReader } from '../../../connectors/http/console/src/core/frames';

const TEXT = 'id: 7\nevent: alert\ndata: {"a":"警"}\n\n: heartbeat\n\nid: 8\nevent: left\ndata: {"alert_id":"x"}\n\n';
const WANTED = [
  { id: '7', event: 'alert', data: '{"a":"警"}' },
  { id: '8', event: 'left', data: '{"alert_id":"x"}' },
];

test('cut anywhere, the frames are the same', () => {
  for (let cut = 0; cut <= TEXT.length; cut++) {
    const reader = new FrameReader();
    assert.deepEqual([...reader.take(TEXT.slice(0, cut)), ...reader.take(TEXT.slice(cut))], WANTED, `cut at ${cut}`);
  }
  const reader = new FrameReader();
  assert.deepEqual(
    [...TEXT].flatMap(c => reader.take(c)),
    WANTED,
    'letter by letter',
  );
});

test('half a frame is none yet; lines may end with CR LF; data may have several lines', () => {
  const reader = new FrameReader();
  assert.deepEqual(reader.take('id: 1\ndata: a'), []);
  assert.deepEqual(reader.take('\r\ndata: b\r\n\r\n'), [{ id: '1', event: 'message', data: 'a\nb' }]);
});
