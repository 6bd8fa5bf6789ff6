import assert from "node:assert/strict";
import type { GivenBar } from "../../src/core/given_bar.ts";
import type { InstrumentFields } from "../../src/core/instrument.ts";
import type { Tick } from "../../src/core/tick.ts";
import type { Feed } from "../../src/feeds/feed.ts";
import type { Mark } from "../../src/log/log.ts";

/** 2025-11-21 04:40:00 UTC. */
export const START = 1_763_700_000_000;
const CALLS_MAX = 2_000_000;

export interface RunOptions {
  readonly start?: number;
  /** Ends the feed after so many milliseconds of its own time. */
  readonly forMs?: number;
  /** Ends the feed after so many ticks. */
  readonly ticksMax?: number;
  readonly tapeEmpty?: boolean;
  /** Milliseconds that one tick takes until it is on the tape. */
  readonly msPerTick?: number;
}

export interface Emitted extends Tick {
  /** Time of day when the tick was emitted. */
  readonly at: number;
}

export interface Ran {
  readonly ticks: Emitted[];
  readonly bars: GivenBar[];
  readonly batches: number[];
  /** Each sleep of the feed, and the number of ticks emitted before. */
  readonly sleeps: { ms: number; after: number }[];
  readonly warnings: string[];
  readonly marks: Mark[];
  readonly leftOut: number;
  readonly defined: Map<string, InstrumentFields>;
  /** When the feed became ready, and the number of ticks before. */
  readonly ready: { at: number; after: number }[];
  /** Whether the feed ended by itself. */
  readonly ended: boolean;
}

/** Runs a feed with a clock that only its sleeps and the work of emitting move. */
export async function run(feed: Feed, options: RunOptions = {}): Promise<Ran> {
  const { start = START, forMs = Infinity, ticksMax = Infinity, tapeEmpty = true } = options;
  const stop = new AbortController();
  const { signal } = stop;
  let now = start;
  let calls = 0;
  const ran = {
    ticks: [] as Emitted[],
    bars: [] as GivenBar[],
    batches: [] as number[],
    sleeps: [] as { ms: number; after: number }[],
    warnings: [] as string[],
    marks: [] as Mark[],
    leftOut: 0,
    defined: new Map<string, InstrumentFields>(),
    ready: [] as { at: number; after: number }[],
  };
  const look = () => {
    if (++calls > CALLS_MAX || now >= start + forMs || ran.ticks.length >= ticksMax) stop.abort();
  };
  await feed.run({
    signal,
    now: () => now,
    sleep(ms) {
      assert.ok(ms >= 0 && Number.isFinite(ms), `slept ${ms} ms`);
      ran.sleeps.push({ ms, after: ran.ticks.length });
      now = Math.min(now + ms, start + forMs);
      look();
      return Promise.resolve();
    },
    emit(ticks, marks = []) {
      ran.marks.push(...marks);
      now += ticks.length * (options.msPerTick ?? 0);
      ran.batches.push(ticks.length);
      for (const tick of ticks) ran.ticks.push({ ...tick, at: now });
      look();
      return Promise.resolve();
    },
    give(bars, marks = []) {
      ran.marks.push(...marks);
      ran.bars.push(...bars);
      look();
      return Promise.resolve();
    },
    cancel: () => Promise.resolve(),
    async *ticks() {},
    mark: (name) => ran.marks.findLast((mark) => mark.name === name)?.value,
    leftOut: (count) => void (ran.leftOut += count),
    newestPrice: () => null,
    tapeEmpty,
    shared: false,
    define(symbol, fields) {
      ran.defined.set(symbol, fields);
      return Promise.resolve();
    },
    ready: () => void ran.ready.push({ at: now, after: ran.ticks.length }),
    warn: (message) => void ran.warnings.push(message),
  });
  assert.ok(calls <= CALLS_MAX, "the feed went on without end");
  return { ...ran, ended: !signal.aborted };
}
