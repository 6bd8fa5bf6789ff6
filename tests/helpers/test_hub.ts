import { copyFileSync, existsSync } from "node:fs";
import { Market } from "../../src/core/market.ts";
import type { Correction } from "../../src/core/correction.ts";
import type { TapedTick, Tick } from "../../src/core/tick.ts";
import { Hub, type HubOptions } from "../../src/hub/hub.ts";
import { DEFAULT_LIMITS, type Limits } from "../../src/hub/limits.ts";
import { Rota } from "../../src/hub/rota.ts";
import { Session } from "../../src/hub/session.ts";
import type { Tenure } from "../../src/hub/tenure.ts";
import { Replica } from "../../src/replica/replica.ts";
import type { StoredTape } from "../../src/tape/stored_tape.ts";
import { native } from "../../src/wire/native.ts";
import { FakeSocket } from "./fake_socket.ts";
import { TestStore } from "./store.ts";

/** 2025-11-21 04:40:00 UTC: the first moment of a minute. */
export const START = 1_763_700_000_000;
/** So few that most bars are read from the file. */
const BARS_IN_MEMORY = 2;

export interface TestHubOptions {
  /** Of the tape's file; without one it is in memory. */
  readonly path?: string | undefined;
  readonly epoch?: string | undefined;
  readonly authorize?: HubOptions["authorize"] | undefined;
}

/** A hub with its market, a clock that the test moves, and a tape in a list. */
export class TestHub {
  /** Goes on as the test says; the clock on the wall may be off. */
  now = START;
  offMs = 0;
  /** How long the server takes from one look at the clock to the next. */
  costMs = 0;
  /** When those who wait for their turn are to be served. */
  servedAt = Infinity;
  /** All ticks there ever were; the hub reads them from its own tape. */
  readonly tape: TapedTick[] = [];
  market!: Market;
  hub!: Hub;
  replica!: Replica;
  /** What the hub reads from. */
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

  /** The process is killed, and another one goes on with what is in the file. */
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
    const rota = new Rota({ elapsed, later, fault });
    const { limits } = this;
    const wake = () => this.wake();
    this.hub = new Hub({
      market,
      tape,
      archive: tape,
      limits,
      rota,
      now,
      elapsed,
      wake,
      authorize,
    });
    this.replica = new Replica({ log, tape, market, hub: this.hub });
    this.replica.start(barsKept);
  }

  connect(wire = native, tenure?: Tenure): { socket: FakeSocket; session: Session } {
    const socket = new FakeSocket();
    return { socket, session: this.hub.open(socket, wire, tenure) };
  }

  /** Subscribes a new client and returns its socket, the reply still unread. */
  subscribe(fields: object): { socket: FakeSocket; session: Session } {
    const client = this.connect();
    client.session.receive(JSON.stringify({ op: "subscribe", ...fields }));
    return client;
  }

  /** A tick of now, on the tape, in the market and published. */
  tick(symbol: string, price: number, fields: Partial<TapedTick> = {}): TapedTick {
    const rest = { size: null, bid: null, ask: null };
    this.append([{ symbol, time: this.now, price, ...rest, ...fields }]);
    const [tick] = this.kept.last({ limit: 1 }).ticks;
    this.tape.push(tick!);
    return tick!;
  }

  /** Ticks come onto the tape, into the market, and are published. */
  append(ticks: readonly Tick[]): void {
    void this.#store.log.append({ ticks });
    this.replica.work();
  }

  /** Takes back what a correction says. */
  cancel(correction: Correction): void {
    void this.#store.log.append({ ticks: [], corrections: [correction] });
    this.replica.work();
  }

  /** Moves the clock on and flushes. */
  pass(ms: number): number | undefined {
    this.now += ms;
    if (this.now >= this.servedAt) this.serve();
    return this.hub.flush(this.now);
  }

  /** Serves those who wait for their turn. */
  serve(): void {
    this.servedAt = Infinity;
    this.hub.rota.serve();
  }

  /** Something is to be flushed. */
  protected wake(): void {}
}
