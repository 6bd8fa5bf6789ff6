import type { Clock, Socket } from "../../static/connection.js";
import type { Listener } from "../../static/subscriptions.js";

/** A clock that the test moves on. */
export class FakeClock implements Clock {
  #now = 1_000_000;
  readonly #timers = new Map<number, { at: number; action: () => void }>();
  #id = 0;

  readonly now = (): number => this.#now;

  readonly after = (delayMs: number, action: () => void): () => void => {
    const id = ++this.#id;
    this.#timers.set(id, { at: this.#now + delayMs, action });
    return () => void this.#timers.delete(id);
  };

  /** Runs what falls due on the way, in order. */
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
    this.dispatchEvent(new MessageEvent("message", { data: JSON.stringify(frame) }));
  }

  drop(code: number, reason = ""): void {
    this.dispatchEvent(Object.assign(new Event("close"), { code, reason }));
  }
}

/** Writes down what it is told. */
export class FakeListener implements Listener {
  readonly heard: unknown[] = [];
  readonly joined = ({ position }: { position: string }) => void this.heard.push(`at ${position}`);
  readonly appeared = (symbols: readonly string[]) => void this.heard.push(["new", ...symbols]);
  readonly received = (rows: readonly unknown[]) => void this.heard.push(...rows);
  readonly failed = (message: string) => void this.heard.push(message);
}

/** A reply of the server to the newest subscription asked for. */
export function subscribed(id: number, sub: string, position: string): Record<string, unknown> {
  return { op: "subscribed", id, sub, position, columns: [], symbols: [], snapshot: [] };
}
