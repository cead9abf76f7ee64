// The event stream: read by fetch, so that a refusal can be told from a lost line, and a dead line (no heartbeat) from a
// quiet one. After a loss it resumes behind the last sequence it saw.
import { open, Problem } from './api';
import { FrameReader, type Frame } from './frames';

const SILENCE_MS = 40_000; // the server sends a heartbeat every 15 s
const FIRST_WAIT_MS = 300,
  LONGEST_WAIT_MS = 5_000;

export interface Listener {
  connected(): void;
  lost(refused: boolean): void;
  frames(frames: Frame[]): void;
}

export class Stream {
  private stopped = false;
  private attempt = new AbortController();
  private wake: (() => void) | null = null;
  private readonly retryNow = () => this.wake?.();

  constructor(
    private after: number,
    private readonly shadow: boolean,
    private readonly listener: Listener,
  ) {
    window.addEventListener('online', this.retryNow);
    document.addEventListener('visibilitychange', this.retryNow);
    void this.run();
  }

  stop(): void {
    this.stopped = true;
    this.attempt.abort();
    this.wake?.();
    window.removeEventListener('online', this.retryNow);
    document.removeEventListener('visibilitychange', this.retryNow);
  }

  private async run(): Promise<void> {
    let wait = FIRST_WAIT_MS;
    while (!this.stopped) {
      let refused = false;
      try {
        await this.once(() => {
          wait = FIRST_WAIT_MS;
        });
      } catch (error) {
        refused = error instanceof Problem && (error.status === 401 || error.status === 403);
      }
      if (this.stopped) return;
      this.listener.lost(refused);
      if (refused) return;
      const longest = wait * (0.75 + Math.random() / 2);
      await new Promise<void>(done => {
        const timer = setTimeout(done, longest);
        this.wake = () => {
          clearTimeout(timer);
          done();
        };
      });
      this.wake = null;
      wait = Math.min(wait * 2, LONGEST_WAIT_MS);
    }
  }

  private async once(well: () => void): Promise<void> {
    this.attempt = new AbortController();
    const attempt = this.attempt;
    let watch = setTimeout(() => attempt.abort(), SILENCE_MS);
    try {
      const body = await open('/api/v1/stream', { after: String(this.after), shadow: this.shadow }, attempt.signal);
      well();
      this.listener.connected();
      const reader = body.getReader(),
        decoder = new TextDecoder(),
        frames = new FrameReader();
      for (;;) {
        const { done, value } = await reader.read();
        if (done || this.stopped) return;
        clearTimeout(watch);
        watch = setTimeout(() => attempt.abort(), SILENCE_MS);
        const found = frames.take(decoder.decode(value, { stream: true }));
        for (const frame of found)
          if (frame.id !== '' && Number.isFinite(Number(frame.id))) this.after = Number(frame.id);
        if (found.length > 0) this.listener.frames(found);
      }
    } finally {
      clearTimeout(watch);
    }
  }
}
