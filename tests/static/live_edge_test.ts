import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { LiveEdge } from "../../static/live_edge.js";

test("LiveEdge moves with the clock when history ends in view", () => {
  const edge = new LiveEdge();
  edge.start(1_000, 1_500, 2_000);
  assert.equal(edge.at(1_500), 1_500);
  assert.equal(edge.at(1_700), 1_700);
});

test("LiveEdge stays at the end of old history until an update comes", () => {
  const edge = new LiveEdge();
  edge.start(1_000, 90_000, 2_000);
  assert.equal(edge.at(90_000), 1_000);
  assert.equal(edge.at(95_000), 1_000);
  edge.arrived(94_900, 95_000);
  assert.equal(edge.at(95_500), 95_400);
});

test("LiveEdge follows the time of the data, whatever the device's clock says", () => {
  const edge = new LiveEdge();
  edge.start(-50_000, 0, 2_000);
  edge.arrived(-40_000, 100);
  edge.arrived(-39_500, 650);
  assert.equal(edge.at(1_000), -39_100);
  // A late update does not move the edge back.
  edge.arrived(-45_000, 1_100);
  assert.equal(edge.at(1_100), -39_000);
});

test("LiveEdge is never before the newest point", () => {
  fc.assert(fc.property(fc.array(fc.tuple(fc.nat(9_999), fc.nat(50))), (steps) => {
    const edge = new LiveEdge();
    edge.start(0, 0, 1_000);
    let now = 0;
    let newest = 0;
    let before = 0;
    for (const [time, passed] of steps) {
      now += passed;
      edge.arrived(time, now);
      newest = Math.max(newest, time);
      assert.ok(edge.at(now) >= Math.max(newest, before));
      before = edge.at(now);
    }
  }));
});
