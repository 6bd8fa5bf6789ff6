import { backoff } from "../core/backoff.ts";
import type { Correction } from "../core/correction.ts";
import type { InstrumentFields } from "../core/instrument.ts";
import type { Market } from "../core/market.ts";
import type { TapedTick, Tick } from "../core/tick.ts";
import { ClientError } from "../hub/client_error.ts";
import type { Leases } from "../log/leases.ts";
import type { Lease, Mark } from "../log/log.ts";
import type { Attached, Writer } from "../replica/writer.ts";
import type { StoredTape } from "../tape/stored_tape.ts";
import { LogUnavailable, TapeFull } from "../store/tape_error.ts";
import { type Feed, type FeedContext, SourceFault } from "./feed.ts";
import { Rate } from "./rate.ts";

/** Pause before a feed tries again to write to a full tape. */
const PAUSE_MS = 1_000;
/** Most ticks in one read of the tape. */
const READ_MAX = 1_000;
/** A source must stay up this long before the feed resets its count of failures. */
export const STABLE_MS = 10_000;

/** State of a feed; on `standby` another replica runs it. The counts start with the server. */
export interface FeedStatus {
  readonly name: string;
  readonly state: "standby" | "starting" | "running" | "paused" | "retrying" | "ended" | "failed";
  /** The last error, even if it is over. */
  readonly error: string | null;
  readonly errorTime: number | null;
  /** Number of attempts after a failure of the source. */
  readonly retries: number;
  /** Ticks and bars that the feed has appended. */
  readonly ticks: number;
  /** Records that could not be read, and ticks of symbols beyond the limit. */
  readonly leftOut: number;
}

/** The state with values that depend on the current time. */
export interface FeedReport extends FeedStatus {
  /** Ticks per second over the last ten seconds. */
  readonly rate: number;
  /** Now minus the newest tick's time, in milliseconds; `null` before the first tick. */
  readonly lag: number | null;
}

export interface FeedParts {
  readonly market: Market;
  readonly tape: Pick<StoredTape, "head" | "mark" | "first">;
  readonly accept: Writer["accept"];
  readonly give: Writer["give"];
  readonly cancel: Writer["cancel"];
  readonly define: (symbol: string, fields: InstrumentFields) => Promise<void>;
  readonly signal: AbortSignal;
  /** Present with several replicas, of which one runs each feed. */
  readonly leases?: Leases | undefined;
  readonly log: {
    info(message: string): void;
    warn(message: string): void;
    error(message: string, cause: unknown): void;
  };
  now(): number;
  random(): number;
  sleep(ms: number, signal: AbortSignal): Promise<void>;
}

/** A tick, or a bar. */
type Observed = Pick<Tick, "symbol" | "time">;

/** All feeds of a server. */
export class FeedRuns {
  readonly #ended = new AbortController();
  readonly #runs: readonly FeedRun[];
  readonly #leases: Leases | undefined;
  #running: Promise<unknown> | undefined;

  constructor(feeds: readonly Feed[], parts: Omit<FeedParts, "signal">) {
    const { signal } = this.#ended;
    this.#leases = parts.leases;
    this.#runs = feeds.map((feed) => new FeedRun(feed, { ...parts, signal }));
  }

  start(): void {
    this.#running = Promise.all(this.#runs.map((run) => run.start()));
  }

  /** @returns resolves when other replicas may run the feeds */
  async end(): Promise<void> {
    this.#ended.abort();
    if (this.#leases !== undefined) await this.#running;
  }

  reports(): FeedReport[] {
    return this.#runs.map((run) => run.report());
  }
}

/** Runs a feed. A feed may end or fail without ending the server. */
export class FeedRun {
  readonly #feed: Feed;
  readonly #parts: FeedParts;
  readonly #rate = new Rate();
  #status: FeedStatus;
  #newestTime = -Infinity;
  /** Failures since the source was last stable. */
  #attempt = 0;
  /** When the source became ready in this attempt. */
  #readyAt = Infinity;
  /** Aborts when the feed must stop; the lease that allows it to run. */
  #signal: AbortSignal;
  #lease: Lease | undefined;

  constructor(feed: Feed, parts: FeedParts) {
    this.#feed = feed;
    this.#parts = parts;
    this.#signal = parts.signal;
    const counts = { retries: 0, ticks: 0, leftOut: 0 };
    this.#status = { name: feed.name, state: "starting", error: null, errorTime: null, ...counts };
  }

  report(): FeedReport {
    const now = this.#parts.now();
    const lag = Number.isFinite(this.#newestTime) ? now - this.#newestTime : null;
    return { ...this.#status, rate: this.#rate.perSecond(now), lag };
  }

  async start(): Promise<void> {
    const { leases, signal, log } = this.#parts;
    const { name } = this.#feed;
    if (leases === undefined) return await this.#run();
    this.#set({ state: "standby" });
    await leases.hold(name, signal, async (term, held) => {
      this.#signal = held;
      this.#lease = { feed: name, term };
      // This entry invalidates those of earlier holders and brings the newest marks.
      try {
        await this.#emit([], undefined);
      } catch (error) {
        return this.#failed(error);
      }
      if (held.aborted) return;
      log.info(`Feed ${name} runs here`);
      this.#set({ state: "starting" });
      await this.#run();
      if (held.aborted) this.#set({ state: "standby" });
    });
  }

  async #run(): Promise<void> {
    const { log } = this.#parts;
    const signal = this.#signal;
    const { name } = this.#feed;
    const context = this.#context();
    while (!signal.aborted) {
      try {
        await this.#feed.run(context);
        this.#set({ state: "ended" });
        if (!signal.aborted) log.info(`Feed ${name} has ended; the server keeps running`);
        return;
      } catch (error) {
        if (signal.aborted) return;
        if (!(error instanceof SourceFault)) {
          return this.#failed(error);
        }
        await this.#wait(error);
      }
    }
  }

  #failed(error: unknown): void {
    this.#fail("failed", error instanceof Error ? error.message : String(error));
    // The operator can fix these, so a stack would not help.
    const isTheirs = error instanceof RangeError || error instanceof ClientError;
    this.#parts.log.error(`Feed ${this.#feed.name} failed`, isTheirs ? error.message : error);
  }

  /** Waits until the next attempt. */
  async #wait({ message, retryAfterMs }: SourceFault): Promise<void> {
    const { now, random, sleep, log } = this.#parts;
    const signal = this.#signal;
    if (now() - this.#readyAt >= STABLE_MS) this.#attempt = 0;
    this.#readyAt = Infinity;
    const waitMs = Math.max(retryAfterMs, backoff(this.#attempt++, random));
    // Log a repeated error only once.
    if (this.#status.state !== "retrying" || this.#status.error !== message) {
      log.warn(`Feed ${this.#feed.name}: ${message}; the feed tries again`);
    }
    this.#fail("retrying", message);
    await sleep(waitMs, signal);
    this.#set({ retries: this.#status.retries + 1 });
  }

  #ready(): void {
    const { state } = this.#status;
    if (state === "running") return;
    if (state === "retrying") this.#parts.log.info(`Feed ${this.#feed.name} is back`);
    this.#readyAt = this.#parts.now();
    this.#set({ state: "running" });
  }

  #context(): FeedContext {
    const { market, tape, now, sleep, log } = this.#parts;
    const signal = this.#signal;
    return {
      signal,
      now,
      tapeEmpty: tape.head === 0,
      shared: this.#lease !== undefined,
      sleep: (ms) => sleep(ms, signal),
      emit: (ticks, marks) => this.#emit(ticks, marks),
      give: (bars, marks) => this.#write(this.#parts.give, bars, marks),
      cancel: (correction, marks) => this.#cancel(correction, marks),
      ticks: (symbol, from, to) => this.#ticks(symbol, from, to),
      mark: (name) => tape.mark(name),
      newestPrice: (symbol) => market.board.row(symbol).price,
      define: (symbol, fields) => this.#define(symbol, fields),
      ready: () => this.#ready(),
      leftOut: (count) => this.#set({ leftOut: this.#status.leftOut + count }),
      warn: (message) => log.warn(message),
    };
  }

  async #define(symbol: string, fields: InstrumentFields): Promise<void> {
    try {
      await this.#parts.define(symbol, fields);
    } catch (cause) {
      // One instrument without room must not stop the others.
      if (
        !(cause instanceof ClientError || isForNow(cause) || cause instanceof RangeError)
      ) throw cause;
      this.#fail(this.#status.state, cause.message);
    }
  }

  #emit(ticks: readonly Tick[], marks: readonly Mark[] | undefined): Promise<void> {
    return this.#write(this.#parts.accept, ticks, marks);
  }

  async #cancel(correction: Correction, marks: readonly Mark[] | undefined): Promise<void> {
    // A symbol without records here needs no correction, but the mark must be stored.
    if (!this.#parts.market.catalogue.has(correction.symbol)) return await this.#emit([], marks);
    const cancel = (_: readonly Observed[], attached: Attached) =>
      this.#parts.cancel(correction, attached);
    await this.#write(cancel, [], marks);
  }

  /** Reads the tape in parts, so that other work can run. */
  async *#ticks(symbol: string, from: number, to: number): AsyncGenerator<TapedTick> {
    const { tape, sleep } = this.#parts;
    const symbols = new Set([symbol]);
    for (let after = 0; after < tape.head;) {
      const slice = tape.first({ symbols, from, to, after, limit: READ_MAX });
      yield* slice.ticks;
      after = slice.seq;
      if (after < tape.head) await sleep(0, this.#signal);
    }
  }

  /** Appends records, and waits while the tape is full. */
  async #write<Record extends Observed>(
    accept: (records: readonly Record[], attached: Attached) => Promise<unknown>,
    records: readonly Record[],
    marks: readonly Mark[] | undefined,
  ): Promise<void> {
    const { now, sleep } = this.#parts;
    const signal = this.#signal;
    const lease = this.#lease;
    const { state } = this.#status;
    let left = records;
    while (!signal.aborted) {
      try {
        await accept(left, { marks, lease });
        this.#count(left, now());
        if (this.#status.state === "paused") this.#set({ state });
        return;
      } catch (cause) {
        if (cause instanceof ClientError) {
          left = this.#withoutNewSymbols(left, cause);
        } else if (isForNow(cause)) {
          this.#fail("paused", cause.message);
          await sleep(PAUSE_MS, signal);
        } else throw cause;
      }
    }
  }

  /** The records of known symbols; there is no room for new symbols. */
  #withoutNewSymbols<Record extends Observed>(
    records: readonly Record[],
    { message }: ClientError,
  ): readonly Record[] {
    const { catalogue } = this.#parts.market;
    const known = records.filter(({ symbol }) => catalogue.has(symbol));
    if (known.length === records.length) throw new Error(message);
    if (this.#status.error !== message) this.#parts.log.warn(`Feed ${this.#feed.name}: ${message}`);
    this.#fail(this.#status.state, message);
    this.#set({ leftOut: this.#status.leftOut + records.length - known.length });
    return known;
  }

  #count(records: readonly Observed[], now: number): void {
    for (const { time } of records) if (time > this.#newestTime) this.#newestTime = time;
    this.#rate.add(records.length, now);
    this.#set({ ticks: this.#status.ticks + records.length });
  }

  #fail(state: FeedStatus["state"], error: string): void {
    this.#set({ state, error, errorTime: this.#parts.now() });
  }

  #set(change: Partial<FeedStatus>): void {
    this.#status = { ...this.#status, ...change };
  }
}

/** Whether a later attempt may succeed. */
function isForNow(error: unknown): error is TapeFull | LogUnavailable {
  return error instanceof TapeFull || error instanceof LogUnavailable;
}
