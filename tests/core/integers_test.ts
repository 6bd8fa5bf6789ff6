import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import { INTEGER_LIMIT, IntegerReader, IntegerWriter } from "../../src/core/integers.ts";

function written(...columns: number[][]): Uint8Array {
  const writer = new IntegerWriter();
  for (const column of columns) writer.column(Float64Array.from(column), column.length);
  return writer.written();
}

function read(bytes: Uint8Array, count: number): number[] {
  const reader = new IntegerReader();
  const into = new Float64Array(count);
  reader.begin(bytes);
  reader.column(into, 0, count);
  reader.end();
  return [...into];
}

function hex(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join(" ");
}

const anyInteger = fc.oneof(
  fc.integer({ min: -9, max: 9 }),
  fc.integer(),
  fc.integer({ min: -INTEGER_LIMIT + 1, max: INTEGER_LIMIT - 1 }),
);

describe("Columns of integers", () => {
  test("A column of any integers is restored", () => {
    const columns = fc.oneof(
      fc.array(anyInteger),
      fc.array(fc.nat(2 ** 33)),
      fc.tuple(anyInteger, fc.array(fc.oneof({ weight: 20, arbitrary: fc.nat(7) }, anyInteger)))
        .map(([base, column]) => column.map((integer) => (base / 2 | 0) + (integer / 2 | 0))),
    );
    fc.assert(fc.property(columns, (column) => {
      assert.deepEqual(read(written(column), column.length), column);
    }));
  });

  test("The widest frames are restored", () => {
    const [least, most] = [1 - INTEGER_LIMIT, INTEGER_LIMIT - 1];
    for (let width = 0; width < 52; width++) {
      const all = [0, 2 ** width - 1, 2 ** width, -(2 ** width), least, most, 0, -1, 1];
      for (let count = 1; count <= all.length; count++) {
        const column = all.slice(0, count);
        assert.deepEqual(read(written(column), count), column);
      }
    }
  });

  test("Several columns share one writer and one reader", () => {
    const writer = new IntegerWriter();
    const reader = new IntegerReader();
    for (const columns of [[[1, 2, 3], [], [-5]], [[7]]]) {
      writer.begin();
      for (const column of columns) writer.column(Float64Array.from(column), column.length);
      reader.begin(writer.written());
      for (const column of columns) {
        const into = new Float64Array(5);
        reader.column(into, 2, column.length);
        assert.deepEqual([...into].slice(2, 2 + column.length), column);
      }
      reader.end();
    }
  });

  test("Single numbers are restored", () => {
    fc.assert(fc.property(anyInteger, (integer) => {
      const writer = new IntegerWriter();
      writer.signed(integer);
      writer.unsigned(Math.abs(integer));
      const reader = new IntegerReader();
      reader.begin(writer.written());
      assert.equal(reader.signed(), integer);
      assert.equal(reader.unsigned(), Math.abs(integer));
      reader.end();
    }));
  });

  test("The layout is as documented", () => {
    assert.equal(hex(written([])), "");
    assert.equal(hex(written([5, 5, 5])), "00 05");
    assert.equal(hex(written([-100, -99, -98, -97, -100])), "02 e4 01 e4 00");
    const pause = [1, 2, 3, 4, 1, 2, 3, 4, 9_000, 4];
    assert.equal(hex(written(pause)), "82 01 e4 e4 0f 01 08 89 23");
  });

  test("One outlier does not widen the other integers", () => {
    const column = Array.from({ length: 1_000 }, (_, index) => index % 16);
    for (const outlier of [2 ** 40, -(2 ** 40)]) {
      const { length } = written(column.with(500, outlier));
      assert.ok(length < 640, `${length} bytes`);
    }
  });

  test("Bytes that are not a column are refused", () => {
    const cases: [string, number[]][] = [
      ["bytes end too early", []],
      ["bytes end too early", [8]],
      ["bytes end too early", [8, 0, 1, 2, 3]],
      ["bytes end too early", [0x80, 0, 1]],
      ["bytes are left", [0, 0, 1]],
      ["a width of 54 bits", [54, 0]],
      ["an outlier of no integer", [0x80, 0, 1, 4, 1]],
      ["an outlier of no integer", [0x80, 0, 0x7f, 0, 1, 0, 1, 0, 1, 0, 1, 0, 1]],
      ["one is too large", [0, ...new Array<number>(20).fill(0xff)]],
    ];
    for (const [why, bytes] of cases) {
      const error = { name: "SyntaxError", message: new RegExp(why) };
      assert.throws(() => read(Uint8Array.from(bytes), 4), error);
    }
  });
});
