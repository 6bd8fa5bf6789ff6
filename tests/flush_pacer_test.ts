import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import { FlushPacer, spacingAfter } from "../src/flush_pacer.ts";

/** A server's load: the distance between ticks, the cost of a flush, and other work. */
interface Load {
  readonly tickEveryMs: number;
  readonly costMs: number;
  /** Share of a core. */
  readonly otherShare: number;
}

/** The result, once the pacer knows the load: share of a core, and milliseconds. */
interface Fare {
  readonly busyShare: number;
  readonly waitMsMax: number;
  readonly spacingMs: number;
}

const RUN_MS = 2_000, STEADY_MS = 1_000;

/** Runs a server whose clock advances by hundredths of a millisecond. */
function simulate({ tickEveryMs, costMs, otherShare }: Load): Fare {
  const waits: number[] = [], flushes: number[] = [];
  let [mayAt, busyMs, ownMs, ownSteadyMs] = [0, 0, 0, 0];
  const pace = new FlushPacer(() => busyMs);
  for (let tickAt = 0; tickAt < RUN_MS; tickAt += tickEveryMs) {
    // Ticks that came meanwhile are part of the same flush.
    if (tickAt <= (flushes.at(-1) ?? -1)) continue;
    const began = Math.max(tickAt, mayAt);
    const ended = began + costMs;
    ownMs += costMs;
    busyMs = ownMs + otherShare * ended;
    mayAt = began + pace.flushed(began, ended);
    flushes.push(began);
    if (began < STEADY_MS) continue;
    ownSteadyMs += costMs;
    waits.push(began - tickAt);
  }
  const steady = flushes.filter((at) => at >= STEADY_MS);
  return {
    busyShare: otherShare + ownSteadyMs / (RUN_MS - STEADY_MS),
    waitMsMax: Math.max(...waits),
    spacingMs: (steady.at(-1)! - steady[0]!) / (steady.length - 1),
  };
}

describe("FlushPacer", () => {
  test("A single tick is sent when it comes", () => {
    for (const otherShare of [0, 0.3, 0.9]) {
      const { waitMsMax } = simulate({ tickEveryMs: 20, costMs: 0.7, otherShare });
      assert.equal(waitMsMax, 0, `${otherShare}`);
    }
  });

  test("Many ticks are sent so often that the server, with its other work, uses half of a core", () => {
    for (const [costMs, otherShare] of [[0.2, 0], [1, 0], [1, 0.2], [2, 0.1]] as const) {
      const { busyShare, waitMsMax } = simulate({ tickEveryMs: 0.1, costMs, otherShare });
      assert.ok(Math.abs(busyShare - 0.5) < 0.05, `${costMs} ${otherShare}: ${busyShare}`);
      assert.ok(waitMsMax <= 10, `${waitMsMax}`);
    }
  });

  test("A busy server sends frames of 10 ms", () => {
    for (const [costMs, otherShare] of [[5, 0], [8, 0.2], [0.1, 0.6], [1, 0.45]] as const) {
      const { spacingMs } = simulate({ tickEveryMs: 0.1, costMs, otherShare });
      assert.ok(Math.abs(spacingMs - 10) < 0.2, `${costMs} ${otherShare}: ${spacingMs}`);
    }
  });

  test("Frames are spaced by their cost, more cost never brings them closer, and 10 ms is the maximum", () => {
    const cost = fc.double({ min: 0, max: 1_000, noNaN: true });
    const share = fc.double({ min: 0, max: 4, noNaN: true });
    fc.assert(fc.property(cost, cost, share, share, (a, b, c, d) => {
      const less = spacingAfter(Math.min(a, b), Math.min(c, d));
      const more = spacingAfter(Math.max(a, b), Math.max(c, d));
      assert.ok(less >= 0 && less <= more && more <= 10, `${less} ${more}`);
    }));
  });
});
