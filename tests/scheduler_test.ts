import assert from "node:assert/strict";
import { afterEach, beforeEach, describe, mock, test } from "node:test";
import { type ScheduledWork, Scheduler, sleep } from "../src/scheduler.ts";

const FLUSH_MS = 10;

/** A pulse whose clock and timers the test moves; `late` is the delay of timers in milliseconds. */
class Stand {
  now = 1_000;
  readonly flushes: number[] = [];
  readonly counted: number[] = [];
  readonly serves: number[] = [];
  advances = 0;
  owed: number | undefined;
  left = 0;
  /** Duration of a flush. */
  costMs = 0;
  #busyMs = 0;
  readonly scheduler: Scheduler;
  readonly #work: ScheduledWork = {
    now: () => this.now,
    busy: () => this.#busyMs,
    flush: (time) => {
      this.flushes.push(this.now);
      this.counted.push(time);
      this.now += this.costMs;
      this.#busyMs += this.costMs;
      const { owed } = this;
      this.owed = undefined;
      return owed;
    },
    serve: () => void this.serves.push(this.now),
    advance: () => void this.advances++,
    tidy: () => this.left-- > 0,
  };

  constructor(flush: number | "auto" = FLUSH_MS) {
    this.scheduler = new Scheduler(this.#work, flush);
  }

  pass(ms: number): void {
    for (let passed = 0; passed < ms; passed++) {
      this.now++;
      mock.timers.tick(1);
    }
  }
}

describe("Scheduler", () => {
  beforeEach(() => mock.timers.enable({ apis: ["setTimeout", "setInterval"] }));
  afterEach(() => mock.timers.reset());

  test("Scheduler flushes the first tick after a pause at once, then once per interval", () => {
    const stand = new Stand();
    for (let tick = 0; tick < 50; tick++) {
      stand.scheduler.touch();
      stand.pass(1);
    }
    const [first, ...rest] = stand.flushes;
    assert.equal(first, 1_000);
    // Nothing was sent before, so the first frames may follow sooner.
    const steady = rest.slice(5);
    assert.ok(steady.length >= 3, String(rest));
    steady.slice(1).forEach((time, index) => assert.equal(time - steady[index]!, FLUSH_MS));
  });

  test("Scheduler without an interval flushes at once, then rests as long as the flush took", () => {
    const stand = new Stand("auto");
    stand.costMs = 2;
    for (let tick = 0; tick < 10; tick++) {
      stand.scheduler.touch();
      stand.pass(1);
    }
    assert.deepEqual(stand.flushes.slice(0, 4), [1_000, 1_004, 1_008, 1_012]);
    stand.pass(50);
    const { length } = stand.flushes;
    stand.scheduler.touch();
    assert.equal(stand.flushes.length, length + 1);
  });

  test("Scheduler serves at the time of the latest request, and not after it is closed", () => {
    const stand = new Stand();
    stand.scheduler.serveAfter(5);
    stand.scheduler.serveAfter(2);
    stand.pass(10);
    assert.deepEqual(stand.serves, [1_002]);
    stand.scheduler.serveAfter(5);
    stand.scheduler.stop();
    stand.pass(10);
    assert.equal(stand.serves.length, 1);
  });

  test("Scheduler does not delay ticks that come at the frame rate, even after a late timer", () => {
    const stand = new Stand();
    const waits: number[] = [];
    for (let tick = 0; tick < 30; tick++) {
      const lateness = tick === 10 ? 7 : 0;
      stand.pass(lateness);
      const flushed = stand.flushes.length;
      stand.scheduler.touch();
      let waited = 0;
      for (; stand.flushes.length === flushed; waited++) stand.pass(1);
      waits.push(waited);
      stand.pass(FLUSH_MS - lateness - waited);
    }
    assert.deepEqual(waits, Array(30).fill(0));
  });

  test("Scheduler counts a flush no sooner than one interval after the previous one", () => {
    const stand = new Stand();
    for (let tick = 0; tick < 200; tick++) {
      stand.scheduler.touch();
      stand.pass(tick % 7);
    }
    stand.counted.slice(1).forEach((time, index) => {
      assert.ok(time - stand.counted[index]! >= FLUSH_MS, `${stand.counted[index]} ${time}`);
    });
    for (const [index, time] of stand.counted.entries()) {
      assert.ok(time <= stand.flushes[index]!, "counted before it is");
    }
  });

  test("Scheduler flushes again when a flush leaves something unsent, and else rests", () => {
    const stand = new Stand();
    stand.owed = 1_035;
    stand.scheduler.touch();
    stand.pass(200);
    assert.deepEqual(stand.flushes, [1_000, 1_035]);
  });

  test("Scheduler advances four times a second, and tidies in slices between which other work runs", () => {
    const stand = new Stand();
    stand.left = 5;
    stand.scheduler.start();
    stand.pass(1_000);
    stand.scheduler.stop();
    assert.equal(stand.advances, 4);
    assert.ok(stand.left < 0);
    stand.pass(1_000);
    assert.equal(stand.advances, 4);
  });

  test("sleep ends after its time or on its signal, and leaves no timer", async () => {
    const stop = new AbortController();
    let ended = 0;
    const naps = [sleep(100), sleep(100, stop.signal)].map((nap) => nap.then(() => ended++));
    stop.abort();
    await naps[1];
    assert.equal(ended, 1);
    mock.timers.tick(100);
    await naps[0];
    assert.equal(ended, 2);
  });
});
