import assert from "node:assert/strict";
import { test } from "node:test";
import type { Playback } from "../../static/playback.js";
import { Recorder } from "../../static/recorder.js";

function setUp() {
  const clock = { now: 100_000 };
  const shown: (Omit<Playback, "shown"> | undefined)[] = [];
  const recorder = new Recorder({
    now: () => clock.now,
    present: () => clock.now,
    changed: (moment) => {
      const { shown: _, ...told } = moment ?? { shown: undefined };
      shown.push(moment && (told as Playback));
    },
  });
  return { clock, shown, recorder };
}

test("Recorder shows a moment, plays it at its speed, and stops again", () => {
  const { clock, shown, recorder } = setUp();
  assert.ok(recorder.isLive);
  recorder.seek(20_000);
  assert.deepEqual(shown, [{ time: 20_000, speed: 1, isPaused: true }]);
  clock.now += 500;
  assert.equal(recorder.time, 20_000);
  recorder.setSpeed(10);
  recorder.play();
  clock.now += 1_000;
  assert.equal(recorder.time, 30_000);
  recorder.pause();
  clock.now += 1_000;
  assert.equal(recorder.time, 30_000);
  // Only the pace of the cursor changed, not its position.
  assert.deepEqual(shown.map((moment) => moment?.time), Array(4).fill(20_000));
});

test("Recorder is at the newest row of the replay", () => {
  const { clock, recorder } = setUp();
  recorder.seek(20_000, false);
  recorder.sawTime(27_000);
  assert.equal(recorder.time, 27_000);
  clock.now += 8_000;
  assert.equal(recorder.time, 28_000);
});

test("Recorder is live after its replay reaches the present", () => {
  const { clock, shown, recorder } = setUp();
  recorder.setSpeed(100);
  recorder.seek(90_000, false);
  clock.now += 50;
  recorder.tick();
  assert.ok(recorder.isPlaying);
  clock.now += 100;
  recorder.tick();
  assert.ok(recorder.isLive);
  assert.equal(shown.at(-1), undefined);
});

test("Recorder stops the present, and steps back and forth", () => {
  const { recorder } = setUp();
  recorder.toggle();
  assert.deepEqual([recorder.time, recorder.isPlaying], [100_000, false]);
  recorder.step(-60_000);
  assert.equal(recorder.time, 40_000);
  recorder.step(1_000);
  assert.equal(recorder.time, 41_000);
  recorder.toggle();
  assert.ok(recorder.isPlaying);
  recorder.step(90_000);
  assert.ok(recorder.isLive);
});

test("Recorder lets another stream join at its moment", () => {
  const { clock, shown, recorder } = setUp();
  recorder.rejoin();
  assert.equal(shown.length, 0);
  recorder.seek(20_000, false);
  clock.now += 700;
  recorder.rejoin();
  assert.deepEqual(shown.at(-1), { time: 20_700, speed: 1, isPaused: false });
});
