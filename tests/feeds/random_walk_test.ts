import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import { seededRandom } from "../../src/feeds/random.ts";
import { type Character, RandomWalk } from "../../src/feeds/random_walk.ts";

const STOCK: Character = {
  symbol: "A",
  name: "A",
  decimals: 2,
  price: 100,
  volatility: 0.35,
  size: 60,
  sizeStep: 1,
  spread: 0.0001,
};
const DAY = 86_400_000;

const anyCharacter: fc.Arbitrary<Character> = fc.record({
  symbol: fc.constant("A"),
  name: fc.constant("A"),
  decimals: fc.integer({ min: 2, max: 8 }),
  price: fc.double({ min: 1, max: 100_000, noNaN: true }),
  volatility: fc.double({ min: 0, max: 1, noNaN: true }),
  size: fc.double({ min: 0.01, max: 100_000, noNaN: true }),
  sizeStep: fc.constantFrom(0.0001, 1, 1_000),
  spread: fc.double({ min: 0, max: 0.01, noNaN: true }),
});

describe("RandomWalk", () => {
  test("RandomWalk has bid < ask, a price between them, and a size of whole steps", () => {
    fc.assert(fc.property(anyCharacter, fc.integer(), (character, seed) => {
      const walk = new RandomWalk(character, seededRandom(seed), 0);
      for (let time = 0; time < 100; time++) {
        const { price, bid, ask, size } = walk.next(time * 1_000);
        assert.ok(0 < bid! && bid! < ask! && bid! <= price && price <= ask!);
        const steps = size! / character.sizeStep;
        assert.ok(steps > 0.999 && Math.abs(steps - Math.round(steps)) < 1e-6 * steps);
      }
    }));
  });

  test("RandomWalk has its start price at its start time", () => {
    const { bid, ask } = new RandomWalk(STOCK, seededRandom(1), 0).next(0);
    assert.ok(99.9 < bid! && ask! < 100.1);
  });

  test("RandomWalk moves per day about as much as its volatility", () => {
    const moves = Array.from({ length: 200 }, (_, seed) => {
      const walk = new RandomWalk(STOCK, seededRandom(seed), 0);
      for (let minute = 0; minute < 1_440; minute++) walk.next(minute * 60_000);
      return Math.log(walk.next(DAY).price / STOCK.price);
    });
    const deviation = Math.sqrt(moves.reduce((sum, move) => sum + move ** 2, 0) / moves.length);
    const expected = STOCK.volatility / Math.sqrt(365);
    assert.ok(deviation > expected && deviation < 2 * expected, `${deviation} ${expected}`);
  });

  test("RandomWalk stays near its start price for a year", () => {
    for (let seed = 0; seed < 20; seed++) {
      const walk = new RandomWalk({ ...STOCK, volatility: 0.7 }, seededRandom(seed), 0);
      for (let hour = 0; hour < 8_760; hour++) {
        const { price } = walk.next(hour * 3_600_000);
        assert.ok(price > 20 && price < 500, `${price}`);
      }
    }
  });

  test("RandomWalk keeps its price while no time passes", () => {
    const walk = new RandomWalk({ ...STOCK, spread: 0 }, seededRandom(3), 0);
    const { bid } = walk.next(1_000);
    for (let count = 0; count < 100; count++) assert.equal(walk.next(1_000).bid, bid);
  });
});
