// Server-sent events out of pieces of text.
export interface Frame {
  id: string;
  event: string;
  data: string;
}

export class FrameReader {
  private left = '';

  // The frames that this piece completes. Comments (the server's heartbeat) are none.
  take(piece: string): Frame[] {
    this.left += piece;
    const found: Frame[] = [];
    for (;;) {
      const end = /\r?\n\r?\n/.exec(this.left);
      if (!end) return found;
      const frame = parse(this.left.slice(0, end.index));
      this.left = this.left.slice(end.index + end[0].length);
      if (frame) found.push(frame);
    }
  }
}

function parse(block: string): Frame | null {
  const frame: Frame = { id: '', event: 'message', data: '' };
  const data: string[] = [];
  let any = false;
  for (const line of block.split(/\r?\n/)) {
    if (line === '' || line.startsWith(':')) continue;
    any = true;
    const colon = line.indexOf(':');
    const name = colon < 0 ? line : line.slice(0, colon);
    const value = colon < 0 ? '' : line.slice(colon + 1).replace(/^ /, '');
    if (name === 'id') frame.id = value;
    else if (name === 'event') frame.event = value;
    else if (name === 'data') data.push(value);
  }
  frame.data = data.join('\n');
  return any ? frame : null;
}
