import assert from "node:assert/strict";
import { test } from "node:test";
import { emptyRow, type Row } from "../../src/core/board.ts";
import { gridLines, plain, sparkline, type Watched, widthOf } from "../../src/terminal/grid.ts";

const watched = (fields: Partial<Row>, rest: Partial<Watched> = {}): Watched => ({
  row: { ...emptyRow(fields.symbol ?? "AAPL"), ...fields },
  decimals: 2,
  trail: [],
  moved: 0,
  ...rest,
});
const options = { columns: 80, lines: 10, hasColor: false, from: 0 };

test("gridLines shows as many columns as fit, the important ones first", () => {
  const heads = (columns: number) => gridLines([], { ...options, columns })[0]!.trim().split(/  +/);
  assert.deepEqual(heads(40), ["SYMBOL", "PRICE", "CHANGE %"].slice(0, heads(40).length));
  for (let columns = 10; columns < 260; columns++) {
    const [head, row] = gridLines([watched({ price: 1 })], { ...options, columns });
    assert.ok(widthOf(head!) <= columns, `${columns}`);
    assert.equal(widthOf(row!), widthOf(head!));
  }
  assert.match(gridLines([], { ...options, columns: 250 })[0]!, /SYMBOL.*BID.*VOLUME.*NAME/);
});

test("gridLines writes numbers with decimals, signs and a mark for unknown values", () => {
  const [, row, unknown] = gridLines([
    watched({ price: 1234.5, change: -1.5, change_percent: -0.0306, time: 0 }),
    watched({ symbol: "NOPE" }),
  ], options);
  assert.match(row!, /^AAPL +1,234\.50 +-1\.50 +-3\.06 % +00:00:00$/);
  assert.match(unknown!, /^NOPE +– +– +– +–$/);
});

test("gridLines widens the symbol column for long symbols, to a quarter of the terminal", () => {
  const all = [watched({ symbol: "cpu.usage_idle:cpu=cpu0:host=a", price: 1 })];
  const row = (columns: number) => gridLines(all, { ...options, columns })[1]!;
  assert.match(row(200), /^cpu\.usage_idle:cpu=cpu0:host=a +1\.00 /);
  assert.match(row(80), /^cpu\.usage_idle:cpu=… +1\.00 /);
  assert.match(row(36), /^cpu\.usage_i… +1\.00/);
});

test("gridLines marks a number that it cuts, so that nobody reads another number", () => {
  const [, row] = gridLines([watched({ price: 1e15 })], options);
  assert.match(row!, /1,000,000,00…/);
});

test("gridLines starts at the scroll position, and shows as many rows as fit", () => {
  const all = ["A", "B", "C", "D"].map((symbol) => watched({ symbol }));
  const lines = gridLines(all, { ...options, lines: 3, from: 1 });
  assert.deepEqual(lines.slice(1).map((line) => line[0]), ["B", "C"]);
});

test("gridLines colours the change by its sign, and the price only after a change", () => {
  const hasColor = true;
  const [, up] = gridLines([watched({ price: 2, change: 1 }, { moved: 1 })], {
    ...options,
    hasColor,
  });
  assert.ok(up!.includes("\x1b[32m\x1b[7m         2.00\x1b[0m \x1b[32m      +1.00\x1b[0m"));
  const [, still] = gridLines([watched({ price: 2, change: -1 })], { ...options, hasColor });
  assert.ok(still!.includes("         2.00 \x1b[31m      -1.00\x1b[0m"));
});

test("Names cannot move the cursor or change the direction of text, and wide ones keep the columns aligned", () => {
  assert.equal(plain("a\x1b[2Jb\u202ec\r\n"), "a�[2Jb�c��");
  assert.equal(widthOf("é"), 1);
  assert.equal(widthOf("日本"), 4);
  const [head, row] = gridLines([watched({ name: "日本".repeat(20), price: 1 })], {
    ...options,
    columns: 250,
  });
  assert.equal(widthOf(row!), widthOf(head!));
});

test("sparkline scales the newest values between their minimum and maximum", () => {
  assert.equal(sparkline([1, 2, 3], 20), "▁▅█");
  assert.equal(sparkline([9, 9, 1, 2], 2), "▁█");
  assert.equal(sparkline([5, 5], 20), "▅▅");
  assert.equal(sparkline([], 20), "");
  assert.equal(sparkline([Number.MAX_VALUE, -Number.MAX_VALUE, 0], 20), "█▁▅");
});
