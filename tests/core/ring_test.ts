import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import { Ring } from "../../src/core/ring.ts";

function items<T>(ring: Ring<T>): (T | undefined)[] {
  return Array.from({ length: ring.length }, (_, index) => ring.at(index));
}

describe("Ring", () => {
  test("Ring is empty at first", () => {
    const ring = new Ring<string>(3);
    assert.equal(ring.capacity, 3);
    assert.equal(ring.length, 0);
    assert.equal(ring.at(0), undefined);
  });

  test("Ring keeps what it has room for, and the oldest makes room for one more", () => {
    const ring = new Ring<number>(3);
    for (const item of [1, 2, 3]) ring.push(item);
    assert.deepEqual(items(ring), [1, 2, 3]);
    ring.push(4);
    assert.deepEqual(items(ring), [2, 3, 4]);
    assert.equal(ring.length, 3);
  });

  test("Ring gives nothing outside of its items", () => {
    const ring = new Ring<number>(2);
    for (const item of [1, 2, 3]) ring.push(item);
    assert.equal(ring.at(-1), undefined);
    assert.equal(ring.at(2), undefined);
  });

  test("Ring of one item keeps the newest", () => {
    const ring = new Ring<number>(1);
    for (const item of [1, 2, 3]) ring.push(item);
    assert.deepEqual(items(ring), [3]);
  });

  test("Ring keeps the newest items in the order they came, for any capacity", () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 9 }), fc.array(fc.nat()), (capacity, pushed) => {
        const ring = new Ring<number>(capacity);
        for (const [index, item] of pushed.entries()) {
          ring.push(item);
          assert.deepEqual(items(ring), pushed.slice(0, index + 1).slice(-capacity));
        }
      }),
    );
  });

  test("Ring refuses a capacity that is not a positive integer", () => {
    for (const capacity of [0, -1, 1.5, NaN, Infinity]) {
      assert.throws(() => new Ring(capacity), RangeError);
    }
  });
});
