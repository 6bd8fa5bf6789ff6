import assert from "node:assert/strict";
import type { Correction, TapedCorrection } from "../../src/core/correction.ts";
import type { GivenBar } from "../../src/core/given_bar.ts";
import type { ChangedBar } from "../../src/core/given_bars.ts";
import { INTERVALS } from "../../src/core/interval.ts";
import { Market } from "../../src/core/market.ts";
import type { TapedTick, Tick } from "../../src/core/tick.ts";
import { Maintenance } from "../../src/replica/maintenance.ts";
import { type Audience, Replica } from "../../src/replica/replica.ts";
import { type Accepted, type Attached, Writer } from "../../src/replica/writer.ts";
import { readBars } from "../../src/tape/bars.ts";
import type { Archive } from "../../src/tape/tape.ts";
import { bits } from "../core/ticks.ts";
import { TestStore, type TestStoreOptions } from "./store.ts";

export interface TestReplicaOptions extends TestStoreOptions {
  readonly symbolsMax?: number | undefined;
  /** Bars of each series in memory. */
  readonly barsHeld?: number | undefined;
  readonly retentionMs?: number | undefined;
  readonly bytesMax?: number | undefined;
  /** Whether the replica applies the log at the start; default true. */
  readonly starts?: boolean | undefined;
}

/** A process with all stages of a tick. It works when the test tells it to. */
export class TestReplica {
  now = 1_763_700_000_000;
  readonly store: TestStore;
  readonly log: TestStore["log"];
  readonly tape: TestStore["tape"];
  readonly market: Market;
  readonly hub: Audience;
  readonly replica: Replica;
  readonly writer: Writer;
  readonly maintenance: Maintenance;
  /** Ticks that clients received. */
  readonly published: TapedTick[] = [];
  /** Corrections that clients received. */
  readonly corrected: TapedCorrection[] = [];
  /** Bars that clients were told have changed because of given bars. */
  readonly given: ChangedBar[] = [];
  readonly warnings: string[] = [];
  readonly infos: string[] = [];

  constructor(options: TestReplicaOptions = {}) {
    const { symbolsMax = 1_000, barsHeld = 4, retentionMs = 1e15, bytesMax = 1e12 } = options;
    const now = () => this.now;
    this.store = new TestStore({ now, ...options });
    const { log, tape } = this.store;
    [this.log, this.tape] = [log, tape];
    const market = this.market = new Market({ barsKept: barsHeld, older: tape });
    this.hub = {
      publish: (tick) => void this.published.push(tick),
      publishGiven: (bars) => void this.given.push(...bars),
      refresh() {},
      correct: (correction) => void this.corrected.push(correction),
    };
    const parts = { log, tape, market, hub: this.hub };
    this.replica = new Replica(parts);
    this.writer = new Writer({ ...parts, symbolsMax, now });
    this.maintenance = new Maintenance({
      ...{ replica: this.replica, log, tape, retentionMs, bytesMax },
      info: (message) => void this.infos.push(message),
      warn: (message) => void this.warnings.push(message),
    });
    if (options.starts ?? true) this.replica.start(barsHeld);
  }

  /** Sends a batch and waits until it is accepted. */
  async send(ticks: readonly Tick[], attached?: Attached): Promise<Accepted> {
    const sent = this.writer.accept(ticks, attached);
    this.work();
    return await sent;
  }

  async cancel(correction: Correction): Promise<number> {
    const cancelled = this.writer.cancel(correction);
    this.work();
    return await cancelled;
  }

  /** Gives bars and waits until clients are told of them. */
  async give(bars: readonly GivenBar[], attached?: Attached): Promise<Accepted> {
    const given = this.writer.give(bars, attached);
    this.work();
    return await given;
  }

  async define(...args: Parameters<Writer["define"]>): Promise<void> {
    const defined = this.writer.define(...args);
    this.work();
    await defined;
  }

  work(): void {
    while (this.replica.work());
  }

  /** Stores all derived data. */
  save(): void {
    while (this.replica.save() < this.tape.head);
  }

  /** Writes all full blocks to the file. */
  seal(): void {
    this.save();
    while (this.tape.seal());
    while (this.log.forget(this.tape.settle()));
  }

  close(): void {
    this.tape.close();
  }
}

/** Rows, instruments and bars as texts; texts are equal only if every bit of each number is. */
export function view(market: Market, archive: Archive): string[] {
  return [...market.catalogue.symbols()].flatMap((symbol) => [
    bits(market.board.row(symbol)),
    bits(market.catalogue.get(symbol)),
    ...INTERVALS.flatMap((interval) =>
      readBars(market, archive, symbol, interval, { limit: 1e9 }).map((bar) => bits(bar))
    ),
  ]);
}

/** The same view of a market that applied all ticks and nothing else. */
export function viewOfAll(all: readonly TapedTick[]): string[] {
  const market = new Market({ barsKept: 1_000_000 });
  for (const tick of all) market.apply(tick);
  return view(market, { bars: () => [] });
}

/** Like `deepEqual`, but stops at the first difference, which is faster for long lists. */
export function assertSame(found: string[], expected: string[], what = ""): void {
  const length = Math.max(found.length, expected.length);
  for (let index = 0; index < length; index++) {
    if (found[index] !== expected[index]) assert.equal(found[index], expected[index], what);
  }
}
