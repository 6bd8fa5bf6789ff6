import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { gaussian, seededRandom } from "../../src/feeds/random.ts";

const COUNT = 100_000;
const draw = (random: () => number, count = COUNT) => Array.from({ length: count }, random);
const mean = (numbers: readonly number[]) => numbers.reduce((a, b) => a + b, 0) / numbers.length;

describe("seededRandom", () => {
  test("seededRandom gives the same numbers for the same seed on every runtime", () => {
    assert.deepEqual(draw(seededRandom(1), 4), [
      0.6270739405881613,
      0.002735721180215478,
      0.5274470399599522,
      0.9810509674716741,
    ]);
    assert.deepEqual(draw(seededRandom(42), 100), draw(seededRandom(42), 100));
  });

  test("seededRandom gives other numbers for another seed, even an adjacent one", () => {
    for (let seed = 0; seed < 100; seed++) {
      assert.notDeepEqual(draw(seededRandom(seed), 3), draw(seededRandom(seed + 1), 3));
    }
  });

  test("seededRandom is uniform in [0, 1)", () => {
    const numbers = draw(seededRandom(7));
    const tenths = new Array<number>(10).fill(0);
    for (const number of numbers) {
      assert.ok(number >= 0 && number < 1);
      tenths[Math.floor(number * 10)]! += 1;
    }
    for (const count of tenths) assert.ok(Math.abs(count - COUNT / 10) < 600, `${count}`);
  });
});

describe("gaussian", () => {
  test("gaussian has mean 0 and deviation 1", () => {
    const random = seededRandom(5);
    const numbers = draw(() => gaussian(random));
    assert.ok(Math.abs(mean(numbers)) < 0.02);
    assert.ok(Math.abs(mean(numbers.map((number) => number ** 2)) - 1) < 0.03);
    const beyondTwo = numbers.filter((number) => Math.abs(number) > 2).length / COUNT;
    assert.ok(Math.abs(beyondTwo - 0.0455) < 0.005, `${beyondTwo}`);
  });

  test("gaussian is finite for every random number", () => {
    for (const number of [0, 0.5, 1 - 2 ** -32]) {
      assert.ok(Number.isFinite(gaussian(() => number)), `${number}`);
    }
  });
});
