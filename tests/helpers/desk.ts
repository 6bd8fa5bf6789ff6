import { Market } from "../../src/core/market.ts";
import type { TapedTick } from "../../src/core/tick.ts";
import { Hub } from "../../src/hub/hub.ts";
import { DEFAULT_LIMITS, type Limits } from "../../src/hub/limits.ts";
import { Session } from "../../src/hub/session.ts";
import { MemoryTape } from "../../src/tape/memory.ts";
import { native } from "../../src/wire/native.ts";
import { FakeSocket } from "./fake_socket.ts";

/** A hub with its market, a clock that the test moves, and a tape in a list. */
export class TestHub {
  now = 1_763_700_000_000;
  /** All ticks there ever were; the hub reads them from its own tape. */
  readonly tape: TapedTick[] = [];
  readonly #kept = new MemoryTape({ epoch: "e1", ticksMax: 100_000 });
  readonly market = new Market({ barsKept: 1_500 });
  readonly hub: Hub;

  constructor(limits: Partial<Limits> = {}) {
    this.hub = new Hub({
      market: this.market,
      tape: this.#kept,
      archive: undefined,
      limits: { ...DEFAULT_LIMITS, commandsBurst: 1e9, ...limits },
      now: () => this.now,
      wake: () => {},
    });
  }

  connect(wire = native): { socket: FakeSocket; session: Session } {
    const socket = new FakeSocket();
    return { socket, session: this.hub.open(socket, wire) };
  }

  /** Subscribes a new client and returns its socket, the reply still unread. */
  subscribe(fields: object): { socket: FakeSocket; session: Session } {
    const client = this.connect();
    client.session.receive(JSON.stringify({ op: "subscribe", ...fields }));
    return client;
  }

  /** A tick of now, on the tape, in the market and published. */
  tick(symbol: string, price: number, fields: Partial<TapedTick> = {}): TapedTick {
    const [tick] = this.#kept.append([{
      symbol,
      time: this.now,
      price,
      size: null,
      bid: null,
      ask: null,
      ...fields,
    }]);
    this.tape.push(tick!);
    this.market.apply(tick!);
    this.hub.publish(tick!);
    return tick!;
  }

  /** Moves the clock on and flushes. */
  pass(ms: number): number | undefined {
    this.now += ms;
    return this.hub.flush(this.now);
  }
}
