import type { InstrumentFields } from "../core/instrument.ts";
import type { Market } from "../core/market.ts";
import type { Tick } from "../core/tick.ts";
import { type Tape, TapeFull } from "../tape/tape.ts";
import type { Feed, FeedContext } from "./feed.ts";

/** How long a feed waits before it tries a full tape again. */
const PAUSE_MS = 1_000;

/** How a feed is doing. */
export interface FeedStatus {
  readonly name: string;
  readonly state: "starting" | "running" | "paused" | "ended" | "failed";
  readonly error: string | null;
  /** Ticks it has put on the tape. */
  readonly ticks: number;
}

export interface FeedParts {
  readonly market: Market;
  readonly tape: Tape;
  readonly accept: (ticks: readonly Tick[]) => Promise<unknown>;
  readonly define: (symbol: string, fields: InstrumentFields) => void;
  readonly signal: AbortSignal;
  readonly log: {
    info(message: string): void;
    warn(message: string): void;
    error(message: string, cause: unknown): void;
  };
  now(): number;
  sleep(ms: number, signal: AbortSignal): Promise<void>;
}

/** A feed at work: it may end or fail, never the server. */
export class FeedRun {
  readonly #feed: Feed;
  readonly #parts: FeedParts;
  #status: FeedStatus;

  constructor(feed: Feed, parts: FeedParts) {
    this.#feed = feed;
    this.#parts = parts;
    this.#status = { name: feed.name, state: "starting", error: null, ticks: 0 };
  }

  get status(): FeedStatus {
    return this.#status;
  }

  async start(): Promise<void> {
    const { signal, log } = this.#parts;
    const { name } = this.#feed;
    try {
      await this.#feed.run(this.#context());
      this.#set({ state: "ended" });
      if (!signal.aborted) log.info(`Feed ${name} has come to its end`);
    } catch (error) {
      this.#set({ state: "failed", error: error instanceof Error ? error.message : String(error) });
      log.error(`Feed ${name} failed`, error);
    }
  }

  #context(): FeedContext {
    const { market, tape, define, now, sleep, log, signal } = this.#parts;
    return {
      signal,
      now,
      tapeEmpty: tape.head === 0,
      sleep: (ms) => sleep(ms, signal),
      emit: (ticks) => this.#emit(ticks),
      newestPrice: (symbol) => market.board.row(symbol).price,
      define,
      ready: () => this.#set({ state: "running" }),
      warn: (message) => log.warn(message),
    };
  }

  /** Waits as long as the tape is full, and says so. */
  async #emit(ticks: readonly Tick[]): Promise<void> {
    const { accept, sleep, signal } = this.#parts;
    const { state, error } = this.#status;
    while (!signal.aborted) {
      try {
        await accept(ticks);
        this.#set({ state, error, ticks: this.#status.ticks + ticks.length });
        return;
      } catch (cause) {
        if (!(cause instanceof TapeFull)) throw cause;
        this.#set({ state: "paused", error: cause.message });
        await sleep(PAUSE_MS, signal);
      }
    }
  }

  #set(change: Partial<FeedStatus>): void {
    this.#status = { ...this.#status, ...change };
  }
}
