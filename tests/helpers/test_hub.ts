import { copyFileSync, existsSync } from "node:fs";
import type { GivenBar } from "../../src/core/given_bar.ts";
import { Market } from "../../src/core/market.ts";
import type { Correction } from "../../src/core/correction.ts";
import type { TapedTick, Tick } from "../../src/core/tick.ts";
import { Hub, type HubOptions } from "../../src/hub/hub.ts";
import { DEFAULT_LIMITS, type Limits } from "../../src/hub/limits.ts";
import { FairQueue } from "../../src/hub/fair_queue.ts";
import { Session } from "../../src/hub/session.ts";
import type { ConnectionGrant } from "../../src/hub/connection_grant.ts";
import { Replica } from "../../src/replica/replica.ts";
import type { StoredTape } from "../../src/tape/stored_tape.ts";
import { native } from "../../src/wire/native.ts";
import { FakeSocket } from "./fake_socket.ts";
import { TestStore } from "./store.ts";

/** 2025-11-21 04:40:00 UTC, the start of a minute. */
export const START = 1_763_700_000_000;
/** So few that most bars come from the file. */
const BARS_IN_MEMORY = 2;

export interface TestHubOptions {
  /** Path of the tape's file; without one the tape is in memory. */
  readonly path?: string | undefined;
  readonly epoch?: string | undefined;
  readonly authorize?: HubOptions["authorize"] | undefined;
}

/** A hub with its market and tape, and a clock that the test moves. */
export class TestHub {
  /** Monotonic time, which the test moves; the wall clock differs by `offMs`. */
  now = START;
  offMs = 0;
  /** Time that passes with each reading of the clock. */
  costMs = 0;
  /** When waiting sessions must be served. */
  servedAt = Infinity;
  /** All ticks ever appended; the hub reads from its own tape. */
  readonly tape: TapedTick[] = [];
  market!: Market;
  hub!: Hub;
  replica!: Replica;
  /** The tape that the hub reads. */
  kept!: StoredTape;
  #store!: TestStore;
  readonly limits: Limits;
  readonly #options: TestHubOptions;
  #path: string | undefined;
  #starts = 0;

  constructor(limits: Partial<Limits> = {}, options: TestHubOptions = {}) {
    this.#options = options;
    this.limits = { ...DEFAULT_LIMITS, ...limits };
    this.#path = options.path;
    this.#start();
  }

  /** Kills the process and starts another one with the files. */
  restart(): void {
    const path = `${this.#path!.replace(/\.\d+$/, "")}.${++this.#starts}`;
    for (const end of ["", "-wal"]) {
      if (existsSync(this.#path + end)) copyFileSync(this.#path + end, path + end);
    }
    this.close();
    this.#path = path;
    this.#start();
  }

  close(): void {
    this.kept.close();
  }

  #start(): void {
    const path = this.#path;
    const now = () => this.now + this.offMs;
    const elapsed = () => this.now += this.costMs;
    const { epoch, authorize } = this.#options;
    this.#store = new TestStore({ path, epoch, now, bootId: "boot", ticksMax: 100_000 });
    const { log, tape } = this.#store;
    const barsKept = path === undefined ? 1_500 : BARS_IN_MEMORY;
    this.kept = tape;
    const market = this.market = new Market({ barsKept, older: tape });
    const later = (ms: number) => void (this.servedAt = this.now + ms);
    const fault = (error: unknown) => {
      throw error;
    };
    const queue = new FairQueue({ elapsed, later, fault });
    const { limits } = this;
    const wake = () => this.wake();
    this.hub = new Hub({
      market,
      tape,
      limits,
      queue,
      now,
      elapsed,
      wake,
      authorize,
    });
    this.replica = new Replica({ log, tape, market, hub: this.hub });
    this.replica.start(barsKept);
  }

  connect(
    wire = native,
    connectionGrant?: ConnectionGrant,
  ): { socket: FakeSocket; session: Session } {
    const socket = new FakeSocket();
    return { socket, session: this.hub.open(socket, wire, connectionGrant) };
  }

  /** Subscribes a new client and returns its socket; the reply is unread. */
  subscribe(fields: object): { socket: FakeSocket; session: Session } {
    const client = this.connect();
    client.session.receive(JSON.stringify({ op: "subscribe", ...fields }));
    return client;
  }

  /** Appends and publishes one tick, by default with the current time. */
  tick(symbol: string, price: number, fields: Partial<TapedTick> = {}): TapedTick {
    const rest = { size: null, bid: null, ask: null };
    this.append([{ symbol, time: this.now, price, ...rest, ...fields }]);
    const [tick] = this.kept.last({ limit: 1 }).ticks;
    this.tape.push(tick!);
    return tick!;
  }

  /** Appends ticks, applies and publishes them. */
  append(ticks: readonly Tick[]): void {
    void this.#store.log.append({ ticks });
    this.replica.work();
  }

  /** Appends bars. */
  give(...bars: readonly GivenBar[]): void {
    void this.#store.log.append({ ticks: [], bars });
    this.replica.work();
  }

  /** Appends a correction. */
  cancel(correction: Correction): void {
    void this.#store.log.append({ ticks: [], corrections: [correction] });
    this.replica.work();
  }

  /** Moves the clock and flushes. */
  pass(ms: number): number | undefined {
    this.now += ms;
    if (this.now >= this.servedAt) this.serve();
    return this.hub.flush(this.now);
  }

  /** Serves waiting sessions. */
  serve(): void {
    this.servedAt = Infinity;
    this.hub.queue.serve();
  }

  /** Called when there is something to flush. */
  protected wake(): void {}
}
