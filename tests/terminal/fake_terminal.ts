import { Readable } from "node:stream";
import type { Terminal } from "../../src/terminal/terminal.ts";

/** A terminal that keeps what is written to it. */
export class FakeTerminal implements Terminal {
  isScreen = false;
  showsProgress = true;
  hasColor = false;
  readonly #end = new AbortController();
  readonly interrupted = this.#end.signal;
  input = { stream: Readable.from([]) as NodeJS.ReadableStream, isKeyboard: false };
  columns = 80;
  rows = 24;
  output = "";
  readonly bytes: Uint8Array[] = [];
  readonly complaints: string[] = [];
  readonly progresses: string[] = [];
  #pressed: ((key: string) => void) | undefined;

  size() {
    return { columns: this.columns, rows: this.rows };
  }

  write(data: string | Uint8Array): Promise<void> {
    if (typeof data !== "string") this.bytes.push(data);
    this.output += typeof data === "string" ? data : new TextDecoder().decode(data);
    return Promise.resolve();
  }

  complain(line: string): void {
    this.complaints.push(line);
  }

  progress(line: string): void {
    this.progresses.push(line);
  }

  keys(pressed: (key: string) => void): () => void {
    this.#pressed = pressed;
    return () => this.#pressed = undefined;
  }

  /** Whether keys are listened to. */
  get listens(): boolean {
    return this.#pressed !== undefined;
  }

  press(key: string): void {
    this.#pressed?.(key);
  }

  interrupt(): void {
    this.#end.abort();
  }

  now(): number {
    return Date.now();
  }

  random(): number {
    return Math.random();
  }

  sleep(ms: number): Promise<void> {
    return new Promise((resolve) => setTimeout(resolve, Math.min(ms, 1_000)));
  }
}
