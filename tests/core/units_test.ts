import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import { addUlps, intoUnit, outOfUnit, unitOf, UNITS } from "../../src/core/units.ts";

const ONE = 3;

function unit(...numbers: number[]): number | undefined {
  return unitOf(Float64Array.from(numbers), numbers.length, 0);
}

/** Integers and ulps of the numbers in the unit, and the numbers restored from them. */
function parts(numbers: readonly number[], unit: number) {
  const count = numbers.length;
  const integers = new Float64Array(count);
  const ulps = new Float64Array(count);
  const away = intoUnit(Float64Array.from(numbers), count, unit, integers, ulps);
  if (away === undefined) return undefined;
  const again = integers.slice();
  outOfUnit(again, count, unit);
  addUlps(again, count, ulps);
  return { integers: [...integers], ulps: [...ulps], away, again: [...again] };
}

describe("Units", () => {
  test("The unit is the largest in which all numbers are integers", () => {
    assert.equal(unit(), 0);
    assert.equal(unit(0), 0);
    assert.equal(unit(60_000, 1_000), 0);
    assert.equal(unit(60_000, 100), 1);
    assert.equal(unit(60_000, 7), ONE);
    assert.equal(unit(7, 8, 9.5, 10), ONE + 1);
    assert.equal(unit(1.12345, 1.1), ONE + 5);
    assert.equal(unit(1e-10), UNITS - 1);
    assert.equal(unit(NaN, 5, NaN), ONE);
  });

  test("Rounding errors of arithmetic do not make the unit smaller", () => {
    assert.equal(unit(0.1 + 0.2, 10.1 - 0.01, 1.1 * 3), ONE + 2);
  });

  test("A few outliers do not change the unit, and many leave no unit", () => {
    const numbers = Array.from({ length: 100 }, (_, index) => index / 4);
    assert.equal(unit(...numbers, Math.PI, 1e300), ONE + 2);
    assert.equal(unit(Math.PI), undefined);
    assert.equal(unit(...numbers.slice(0, 10), Math.PI, Math.E), undefined);
  });

  test("A number is an integer in the unit and a number of ulps", () => {
    assert.deepEqual(parts([0.1 + 0.2, 0.25, NaN], ONE + 2), {
      integers: [30, 25, NaN],
      ulps: [1, 0, 0],
      away: 1,
      again: [0.1 + 0.2, 0.25, NaN],
    });
  });

  test("A number too far from every integer has none", () => {
    for (const number of [-0, 1e-9, -5e-324, 1.7e308, Infinity, -Infinity, 2 ** 51]) {
      assert.equal(parts([1, number], ONE), undefined, String(number));
    }
  });

  test("Every number with an integer is restored bit for bit", () => {
    const anyNumber = fc.oneof(
      fc.double(),
      fc.double({ min: -1e6, max: 1e6 }),
      fc.integer().map((integer) => integer / 1_000),
      fc.constantFrom(0, 5e-324, 0.1 + 0.2, 2 ** 51 - 1),
    );
    let tried = 0;
    fc.assert(fc.property(fc.array(anyNumber), fc.nat(UNITS - 1), (numbers, unit) => {
      const found = parts(numbers, unit);
      if (found === undefined) return;
      tried++;
      assert.deepEqual(found.again, numbers);
    }));
    assert.ok(tried > 10);
  });
});
