import assert from "node:assert/strict";
import { test } from "node:test";
import { Board } from "../../static/board.js";
import { FakeSource, row } from "./source.ts";

const snapshot = (rows: Record<string, number>) => ({
  snapshot: Object.entries(rows).map(([symbol, price]) => ({ ...row(symbol, price) })),
});
const shown = (board: Board) =>
  [...board.rows.values()].map(({ symbol, price }) => `${symbol} ${price}`);

test("Board shows the snapshot and then updates, in the order of the server", () => {
  const source = new FakeSource();
  const times: number[] = [];
  const board = new Board({ source, symbols: ["*"], sawTime: (time) => times.push(time) });
  source.reply(snapshot({ B: 1, A: 2 }));
  assert.deepEqual([...board.takeChanged()], ["B", "A"]);
  source.rows({ symbol: "C", price: 9, time: 5 }, { symbol: "B", price: 1.5, time: 7 });
  assert.deepEqual([...board.takeChanged()], ["C", "B"]);
  assert.deepEqual(shown(board), ["B 1.5", "A 2", "C 9"]);
  assert.equal(board.takeChanged().size, 0);
  assert.deepEqual([times, board.updates], [[7], 2]);
});

test("Board removes symbols that the server no longer knows, but none on a resumed stream", () => {
  const source = new FakeSource();
  const board = new Board({ source, symbols: ["*"] });
  source.reply(snapshot({ A: 1, B: 2 }));
  const { generation } = board;
  source.reply({ resumed: true });
  source.rows({ symbol: "A", price: 3 });
  assert.deepEqual(shown(board), ["A 3", "B 2"]);
  assert.equal(board.generation, generation);
  source.reply(snapshot({ B: 4 }));
  assert.deepEqual(shown(board), ["B 4"]);
  assert.notEqual(board.generation, generation);
});

test("Board at a moment shows the market of then, without earlier frames", () => {
  const source = new FakeSource();
  const board = new Board({ source, symbols: ["*"] });
  source.reply(snapshot({ A: 1, B: 2 }));
  board.show({ time: 500, speed: 10, isPaused: true });
  assert.deepEqual(source.updates, [{ seek: 500, speed: 10, pause: true }]);
  source.rows({ symbol: "A", price: 3 });
  source.sought(snapshot({ A: 0.5 }));
  assert.deepEqual(shown(board), ["A 0.5"]);
  source.rows({ symbol: "A", price: 0.6 });
  assert.deepEqual(shown(board), ["A 0.6"]);
});

test("Board can be given other symbols", () => {
  const source = new FakeSource();
  const board = new Board({ source, symbols: ["A"] });
  source.reply(snapshot({ A: 1 }));
  board.watch(["B"]);
  source.reply(snapshot({ B: 2 }));
  assert.deepEqual(shown(board), ["B 2"]);
  assert.deepEqual([source.left, source.asked.map(({ symbols }) => symbols)], [1, [["A"], ["B"]]]);
});
