import assert from "node:assert/strict";
import { test } from "node:test";
import { Histogram, Registry } from "prom-client";
import { Durations } from "../../src/http/durations.ts";
import { DurationHistogram } from "../../src/http/metric_registry.ts";

const BUCKETS = [0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1];
const about = { name: "tickwire_flush_seconds", help: "Time to send" };

test("DurationHistogram prints the same as the histogram of the library", async () => {
  const [ours, theirs] = [new Registry(), new Registry()];
  const durations = new Durations();
  new DurationHistogram({ ...about, registers: [ours] }, durations);
  const histogram = new Histogram({ ...about, buckets: BUCKETS, registers: [theirs] });
  const same = async () => assert.equal(await ours.metrics(), await theirs.metrics());
  await same();
  // Below, at and above every bound, and beyond the last one.
  const some = BUCKETS.flatMap((bound) => [bound * 900, bound * 1_000, bound * 1_100]);
  for (const ms of [0, ...some, 5_000, 60_000]) {
    durations.add(ms);
    histogram.observe(ms / 1_000);
  }
  await same();
  await same();
  assert.match(await ours.metrics(), /^tickwire_flush_seconds_bucket\{le="\+Inf"\} 39$/m);
});
