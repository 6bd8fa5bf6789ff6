import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import type { Interval } from "../../static/interval.js";
import { defaultSpan, Viewport } from "../../static/viewport.js";

const extent = (interval: Interval, known: number, width = 800) => ({
  interval,
  oldest: 1e9 - known * 1_000,
  edge: 1e9,
  width,
});
const bars = (known: number, width: number) =>
  Math.round(defaultSpan(extent("1s", known, width)) / 1_000);

test("A window of ticks spans two minutes up to the present, with room to the right", () => {
  const { from, to } = new Viewport().window(extent("tick", 1));
  assert.equal(to - from, 120_000);
  assert.ok(to > 1e9 && to < 1e9 + 10_000);
});

test("A window of bars holds as many as fit, and few bars are not stretched", () => {
  assert.equal(bars(1_000, 800), 100);
  assert.equal(bars(1_000, 8_000), 300);
  assert.equal(bars(50, 800), 51);
  assert.equal(bars(1, 800), 30);
});

test("A window that is moved away stops following the present, until it is moved back", () => {
  const viewport = new Viewport();
  const all = extent("1s", 1_000);
  const { from } = viewport.window(all);
  viewport.pan(-50_000, all);
  assert.equal(viewport.isFollowing, false);
  assert.equal(viewport.window({ ...all, edge: 2e9 }).from, from - 50_000);
  viewport.pan(60_000, all);
  assert.equal(viewport.isFollowing, true);
  viewport.pan(-50_000, all);
  viewport.follow();
  assert.equal(viewport.window(all).from, from);
});

test("A window always shows some data", () => {
  const viewport = new Viewport();
  const all = extent("1s", 1_000);
  viewport.pan(-1e12, all);
  assert.ok(viewport.window(all).to > all.oldest);
});

test("Zooming keeps the present in place while following, else the time under the pointer", () => {
  const viewport = new Viewport();
  const all = extent("1s", 10_000);
  viewport.zoom(2, all.edge - 90_000, all);
  assert.ok(viewport.isFollowing);
  assert.ok(viewport.window(all).to >= all.edge);
  viewport.pan(-500_000, all);
  const anchor = viewport.window(all).from + 30_000;
  const share = () => {
    const { from, to } = viewport.window(all);
    return (anchor - from) / (to - from);
  };
  const before = share();
  viewport.zoom(0.5, anchor, all);
  assert.ok(Math.abs(share() - before) < 1e-9);
});

test("A window is never empty or infinite", () => {
  const step = fc.oneof(
    fc.record({ pan: fc.double({ min: -1e12, max: 1e12, noNaN: true }) }),
    fc.record({ zoom: fc.double({ min: 1e-6, max: 1e6, noNaN: true }) }),
  );
  fc.assert(fc.property(fc.array(step), (steps) => {
    const viewport = new Viewport();
    const all = extent("1s", 5_000);
    for (const each of steps) {
      if ("pan" in each) viewport.pan(each.pan, all);
      else viewport.zoom(each.zoom, all.edge - 1_000, all);
      const { from, to } = viewport.window(all);
      assert.ok(to - from > 4_999 && to - from < 1.3e9);
      assert.ok(to > all.oldest);
    }
  }));
});
