import assert from "node:assert/strict";
import { test } from "node:test";
import type { Interval } from "../../static/interval.js";
import type { Playback } from "../../static/playback.js";
import type { Point } from "../../static/series.js";
import { SymbolHistory } from "../../static/symbol_history.js";
import { FakeSource } from "./source.ts";

interface Load {
  readonly path: string;
  readonly signal: AbortSignal;
  arrive(points: Point[]): Promise<void>;
}

/** A track whose history the test delivers. */
function setUp(symbol = "A", interval: Interval = "tick", moment?: Playback) {
  const source = new FakeSource();
  const loads: Load[] = [];
  const load = (path: string, signal: AbortSignal) =>
    new Promise<Point[]>((resolve) => {
      const arrive = async (points: Point[]) => {
        resolve(points);
        await new Promise((done) => setImmediate(done));
      };
      loads.push({ path, signal, arrive });
    });
  const track = new SymbolHistory(symbol, interval, { source, now: () => 5_000, load }, moment);
  return { source, loads, track, seqs: () => [...track.series.column("seq")] };
}

const tick = (seq: number) => ({ seq, time: seq * 10, price: seq });
const bar = (time: number, count = 1, closed = true) => ({ time, count, close: count, closed });

test("SymbolHistory joins first and then loads, so that nothing is missing or doubled", async () => {
  const { source, loads, track, seqs } = setUp();
  assert.equal(loads.length, 0);
  source.reply();
  source.rows(tick(11), tick(12));
  assert.equal(track.state.kind, "loading");
  await loads[0]!.arrive([tick(9), tick(10), tick(11)]);
  source.rows(tick(13));
  assert.equal(track.state.kind, "ready");
  assert.deepEqual(seqs(), [9, 10, 11, 12, 13]);
  assert.equal(track.edge.at(5_000), 5_000);
});

test("SymbolHistory shows the old series until the new one is complete", async () => {
  const { source, loads, seqs } = setUp();
  source.reply();
  await loads[0]!.arrive([tick(1)]);
  // The server was restarted and counts from the beginning.
  source.reply();
  source.rows(tick(1));
  assert.deepEqual(seqs(), [1]);
  source.reply();
  source.rows(tick(3));
  assert.ok(loads[1]!.signal.aborted);
  await loads[1]!.arrive([]);
  assert.deepEqual(seqs(), [1]);
  await loads[2]!.arrive([tick(2)]);
  assert.deepEqual(seqs(), [2, 3]);
});

test("SymbolHistory keeps its series when its stream resumes", async () => {
  const { source, loads, seqs } = setUp();
  source.reply();
  // The connection breaks while history is loading.
  source.reply({ resumed: true });
  source.rows(tick(3));
  await loads[0]!.arrive([tick(1), tick(2)]);
  source.reply({ resumed: true });
  source.rows(tick(4));
  assert.deepEqual(seqs(), [1, 2, 3, 4]);
  assert.equal(loads.length, 1);
});

test("SymbolHistory loads older data, more each time, until there is none", async () => {
  const { source, loads, track } = setUp("X&Y=1", "1m");
  source.reply();
  assert.equal(loads[0]!.path, "bars?symbol=X%26Y%3D1&limit=500&interval=1m");
  const page = (from: number, count: number) =>
    Array.from({ length: count }, (_, index) => bar((from + index) * 60_000));
  await loads[0]!.arrive(page(2_000, 500));
  void track.loadOlder();
  void track.loadOlder();
  assert.equal(loads.length, 2);
  assert.equal(loads[1]!.path, "bars?symbol=X%26Y%3D1&limit=1000&interval=1m&to=120000000");
  await loads[1]!.arrive(page(1_000, 1_000));
  assert.equal(track.series.length, 1_500);
  void track.loadOlder();
  await loads[2]!.arrive([]);
  assert.ok(track.hasOldest);
  void track.loadOlder();
  assert.equal(loads.length, 3);
});

test("SymbolHistory with a short history has nothing older", async () => {
  const { source, loads, track } = setUp();
  source.reply();
  await loads[0]!.arrive([tick(1)]);
  void track.loadOlder();
  assert.equal(loads.length, 1);
});

test("SymbolHistory at a moment has the closed bars and the forming bar of then", async () => {
  const moment = { time: 150_000, speed: 1, isPaused: true };
  const { source, loads, track } = setUp("A", "1m", moment);
  assert.deepEqual(source.updates, [{ seek: 150_000, speed: 1, pause: true }]);
  source.reply();
  assert.equal(loads.length, 0);
  source.sought({ snapshot: [bar(120_000, 3, false)] });
  assert.equal(loads[0]!.path, "bars?symbol=A&limit=500&interval=1m&to=120000");
  await loads[0]!.arrive([bar(0), bar(60_000)]);
  assert.deepEqual([...track.series.column("time")], [0, 60_000, 120_000]);
  assert.equal(track.series.at("count", -1), 3);
  source.rows(bar(120_000, 4, false));
  assert.equal(track.series.at("count", -1), 4);
  track.show(undefined);
  assert.deepEqual([source.left, source.asked.length], [1, 2]);
});

test("SymbolHistory leaves its stream and cancels its loads when it is closed", () => {
  const { source, loads, track } = setUp();
  source.reply();
  track.close();
  assert.ok(loads[0]!.signal.aborted);
  assert.equal(source.left, 1);
});

test("SymbolHistory says why it is empty", () => {
  const { source, track } = setUp("a b");
  source.refuse("Cannot subscribe");
  assert.deepEqual(track.state, { kind: "failed", message: "Cannot subscribe" });
  const star = setUp("BTC/*");
  assert.equal(star.track.state.kind, "failed");
  assert.equal(star.source.asked.length, 0);
});
