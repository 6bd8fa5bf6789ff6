import assert from "node:assert/strict";
import { afterEach, beforeEach, describe, mock, test } from "node:test";
import { type ScheduledWork, Scheduler, sleep } from "../src/scheduler.ts";

const FLUSH_MS = 10;

/** A scheduler whose clock and timers the test moves; `late` is the delay of timers in milliseconds. */
class TestScheduler {
  now = 1_000;
  readonly flushes: number[] = [];
  readonly counted: number[] = [];
  readonly serves: number[] = [];
  advances = 0;
  due: number | undefined;
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
      const { due } = this;
      this.due = undefined;
      return due;
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
    const test = new TestScheduler();
    for (let tick = 0; tick < 50; tick++) {
      test.scheduler.touch();
      test.pass(1);
    }
    const [first, ...rest] = test.flushes;
    assert.equal(first, 1_000);
    // Nothing was sent before, so the first frames may follow sooner.
    const steady = rest.slice(5);
    assert.ok(steady.length >= 3, String(rest));
    steady.slice(1).forEach((time, index) => assert.equal(time - steady[index]!, FLUSH_MS));
  });

  test("Scheduler without an interval flushes at once, then rests as long as the flush took", () => {
    const test = new TestScheduler("auto");
    test.costMs = 2;
    for (let tick = 0; tick < 10; tick++) {
      test.scheduler.touch();
      test.pass(1);
    }
    assert.deepEqual(test.flushes.slice(0, 4), [1_000, 1_004, 1_008, 1_012]);
    test.pass(50);
    const { length } = test.flushes;
    test.scheduler.touch();
    assert.equal(test.flushes.length, length + 1);
  });

  test("Scheduler serves at the time of the latest request, and not after it is closed", () => {
    const test = new TestScheduler();
    test.scheduler.serveAfter(5);
    test.scheduler.serveAfter(2);
    test.pass(10);
    assert.deepEqual(test.serves, [1_002]);
    test.scheduler.serveAfter(5);
    test.scheduler.stop();
    test.pass(10);
    assert.equal(test.serves.length, 1);
  });

  test("Scheduler does not delay ticks that come at the frame rate, even after a late timer", () => {
    const test = new TestScheduler();
    const waits: number[] = [];
    for (let tick = 0; tick < 30; tick++) {
      const lateness = tick === 10 ? 7 : 0;
      test.pass(lateness);
      const flushed = test.flushes.length;
      test.scheduler.touch();
      let waited = 0;
      for (; test.flushes.length === flushed; waited++) test.pass(1);
      waits.push(waited);
      test.pass(FLUSH_MS - lateness - waited);
    }
    assert.deepEqual(waits, Array(30).fill(0));
  });

  test("Scheduler counts a flush no sooner than one interval after the previous one", () => {
    const test = new TestScheduler();
    for (let tick = 0; tick < 200; tick++) {
      test.scheduler.touch();
      test.pass(tick % 7);
    }
    test.counted.slice(1).forEach((time, index) => {
      assert.ok(time - test.counted[index]! >= FLUSH_MS, `${test.counted[index]} ${time}`);
    });
    for (const [index, time] of test.counted.entries()) {
      assert.ok(time <= test.flushes[index]!, "counted before it is");
    }
  });

  test("Scheduler flushes again when a flush leaves something unsent, and else rests", () => {
    const test = new TestScheduler();
    test.due = 1_035;
    test.scheduler.touch();
    test.pass(200);
    assert.deepEqual(test.flushes, [1_000, 1_035]);
  });

  test("Scheduler advances four times a second, and tidies in slices between which other work runs", () => {
    const test = new TestScheduler();
    test.left = 5;
    test.scheduler.start();
    test.pass(1_000);
    test.scheduler.stop();
    assert.equal(test.advances, 4);
    assert.ok(test.left < 0);
    test.pass(1_000);
    assert.equal(test.advances, 4);
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
