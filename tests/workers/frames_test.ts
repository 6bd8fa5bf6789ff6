import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import { type Frame, frameOf, FrameReader, KIND } from "../../src/workers/frames.ts";

describe("FrameReader", () => {
  test("FrameReader finds the frames, for any division into pieces", () => {
    const frame = fc.record({
      kind: fc.constantFrom(...Object.values(KIND)),
      bytes: fc.uint8Array({ maxLength: 40 }),
    });
    fc.assert(fc.property(fc.array(frame), fc.array(fc.nat({ max: 400 })), (frames, cuts) => {
      const all = frames.flatMap(({ kind, bytes }) => [...frameOf(kind, bytes)]);
      const places = [0, ...cuts.map((cut) => Math.min(cut, all.length)), all.length];
      places.sort((a, b) => a - b);
      const reader = new FrameReader();
      const found: Frame[] = [];
      places.slice(1).forEach((end, index) => {
        found.push(...reader.read(Uint8Array.from(all.slice(places[index], end))));
      });
      assert.deepEqual(
        found.map(({ kind, bytes }) => ({ kind, bytes: [...bytes] })),
        frames.map(({ kind, bytes }) => ({ kind, bytes: [...bytes] })),
      );
    }));
  });

  test("FrameReader refuses a too long frame", () => {
    const bytes = Uint8Array.of(255, 255, 255, 255, 1);
    assert.throws(() => new FrameReader().read(bytes), RangeError);
  });
});
