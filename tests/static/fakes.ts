import type { Clock, Socket } from "../../static/client.js";
import type { ClientError, Correction, Gap, Handlers, Reply, Row } from "../../static/frames.js";

/** A clock that the test moves. */
export class FakeClock implements Clock {
  #now = 1_000_000;
  readonly #timers = new Map<number, { at: number; action: () => void }>();
  #id = 0;

  /** Number of timers that wait. */
  get timers(): number {
    return this.#timers.size;
  }

  readonly now = (): number => this.#now;

  readonly after = (delayMs: number, action: () => void): () => void => {
    const id = ++this.#id;
    this.#timers.set(id, { at: this.#now + delayMs, action });
    return () => void this.#timers.delete(id);
  };

  /** Runs the timers that fall due, in order. */
  advance(ms: number): void {
    const end = this.#now + ms;
    for (;;) {
      const [next] = [...this.#timers].sort(([, a], [, b]) => a.at - b.at);
      if (next === undefined || next[1].at > end) break;
      this.#timers.delete(next[0]);
      this.#now = Math.max(this.#now, next[1].at);
      next[1].action();
    }
    this.#now = end;
  }
}

/** A socket whose other end is the test. */
export class FakeSocket extends EventTarget implements Socket {
  readonly url: string;
  readonly sent: Record<string, unknown>[] = [];
  isClosed = false;

  constructor(url: string) {
    super();
    this.url = url;
  }

  send(text: string): void {
    this.sent.push(JSON.parse(text));
  }

  close(): void {
    this.isClosed = true;
  }

  open(): void {
    this.dispatchEvent(new Event("open"));
  }

  receive(frame: unknown): void {
    this.receiveText(JSON.stringify(frame));
  }

  receiveText(data: string): void {
    this.dispatchEvent(new MessageEvent("message", { data }));
  }

  drop(code: number, reason = ""): void {
    this.dispatchEvent(Object.assign(new Event("close"), { code, reason }));
  }
}

/** Records what it is told, and the seqs of rows. */
export class FakeConsumer implements Required<Handlers> {
  readonly heard: unknown[] = [];
  readonly onReply = ({ resumed, position }: Reply) =>
    void this.heard.push(`${resumed ? "on from" : "begin at"} ${position}`);
  readonly onRows = (rows: readonly Row[]) => void this.heard.push(...rows.map(({ seq }) => seq));
  readonly onGap = ({ expected, found }: Gap) => void this.heard.push(`gap ${expected} ${found}`);
  readonly onError = ({ code }: ClientError) => void this.heard.push(code);
  readonly onCorrected = ({ symbol }: Correction) => void this.heard.push(`corrected ${symbol}`);
}

/** A reply of the server, in format `object`. */
export function subscribed(id: number, sub: string, position: string): Record<string, unknown> {
  const rest = { recovered: true, granted: {}, symbols: [], unknown: [], snapshot: [] };
  return { op: "subscribed", id, sub, position, ...rest };
}
