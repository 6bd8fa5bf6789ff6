import assert from "node:assert/strict";
import { test } from "node:test";
import type { DataFrame, Handlers, Reply, StreamRequest } from "../../static/frames.js";
import { Board, Chosen, Decimals, type Row } from "../../static/model.js";
import type { Point } from "../../static/series.js";

/** A client whose server is the test. */
class FakeSource {
  readonly asked: StreamRequest[] = [];
  readonly handlers: Handlers[] = [];
  left = 0;

  subscribe(request: StreamRequest, handlers: Handlers): { close(): void } {
    this.asked.push(request);
    this.handlers.push(handlers);
    return { close: () => void this.left++ };
  }

  reply(fields: Partial<Reply> = {}): void {
    this.handlers.at(-1)!.onReply!({
      op: "subscribed",
      resumed: false,
      recovered: true,
      position: "e:0",
      symbols: [],
      unknown: [],
      snapshot: [],
      ...fields,
    });
  }

  rows(...rows: Point[]): void {
    const frame: DataFrame = { prev: 0, seq: 1, rows };
    this.handlers.at(-1)!.onRows(rows, frame);
  }

  refuse(message: string): void {
    this.handlers.at(-1)!.onError!({ code: "bad_symbol", message });
  }
}

const row = (symbol: string, price: number | null): Row => ({
  symbol,
  name: null,
  price,
  change: null,
  change_percent: null,
  volume: null,
  bid: null,
  ask: null,
});
const snapshot = (rows: Record<string, number>) => ({
  snapshot: Object.entries(rows).map(([symbol, price]) => ({ ...row(symbol, price) })),
});
const shown = (board: Board) =>
  [...board.rows.values()].map(({ symbol, price }) => `${symbol} ${price}`);

test("Board has the snapshot, then what follows, in the order of the server", () => {
  const source = new FakeSource();
  const board = new Board(source, ["*"]);
  source.reply(snapshot({ B: 1, A: 2 }));
  assert.deepEqual([...board.takeChanged()], ["B", "A"]);
  source.rows({ symbol: "C", price: 9 }, { symbol: "B", price: 1.5 });
  assert.deepEqual([...board.takeChanged()], ["C", "B"]);
  assert.deepEqual(shown(board), ["B 1.5", "A 2", "C 9"]);
  assert.equal(board.takeChanged().size, 0);
});

test("Board forgets symbols that the server no longer knows, but none on a stream that goes on", () => {
  const source = new FakeSource();
  const board = new Board(source, ["*"]);
  source.reply(snapshot({ A: 1, B: 2 }));
  source.reply({ resumed: true });
  source.rows({ symbol: "A", price: 3 });
  assert.deepEqual(shown(board), ["A 3", "B 2"]);
  source.reply(snapshot({ B: 4 }));
  assert.deepEqual(shown(board), ["B 4"]);
});

/** A choice whose history comes when the test says so. */
function chosenSetUp() {
  const source = new FakeSource();
  const loads: { path: string; signal: AbortSignal; arrive: (points: Point[]) => Promise<void> }[] =
    [];
  const chosen = new Chosen({
    source,
    now: () => 5_000,
    load: (path, signal) =>
      new Promise((resolve) => {
        const arrive = async (points: Point[]) => {
          resolve(points);
          await new Promise((done) => setImmediate(done));
        };
        loads.push({ path, signal, arrive });
      }),
  });
  return { source, loads, chosen, seqs: () => chosen.series.column("seq") };
}

const tick = (seq: number) => ({ seq, time: seq * 10, price: seq });

test("Chosen joins first and loads then, so that nothing is missing and nothing is twice", async () => {
  const { source, loads, chosen, seqs } = chosenSetUp();
  chosen.choose("A", "tick");
  assert.equal(loads.length, 0);
  source.reply();
  source.rows(tick(11), tick(12));
  assert.equal(chosen.state.kind, "loading");
  await loads[0]!.arrive([tick(9), tick(10), tick(11)]);
  source.rows(tick(13));
  assert.equal(chosen.state.kind, "ready");
  assert.deepEqual(seqs(), [9, 10, 11, 12, 13]);
  assert.equal(chosen.edge.at(5_000), 5_000);
});

test("Chosen keeps the old series in sight until it is whole again", async () => {
  const { source, loads, chosen, seqs } = chosenSetUp();
  chosen.choose("A", "tick");
  source.reply();
  await loads[0]!.arrive([tick(1)]);
  // The server has been started anew and counts from the beginning.
  source.reply();
  source.rows(tick(1));
  assert.deepEqual(seqs(), [1]);
  source.reply();
  source.rows(tick(3));
  assert.ok(loads[1]!.signal.aborted);
  await loads[1]!.arrive([]);
  assert.deepEqual(seqs(), [1]);
  await loads[2]!.arrive([tick(2)]);
  assert.deepEqual(seqs(), [2, 3]);
});

test("Chosen goes on with the series it has when its stream goes on", async () => {
  const { source, loads, chosen, seqs } = chosenSetUp();
  chosen.choose("A", "tick");
  source.reply();
  // The connection breaks while history is still on its way.
  source.reply({ resumed: true });
  source.rows(tick(3));
  await loads[0]!.arrive([tick(1), tick(2)]);
  source.reply({ resumed: true });
  source.rows(tick(4));
  assert.deepEqual(seqs(), [1, 2, 3, 4]);
  assert.equal(loads.length, 1);
});

test("Chosen leaves one series for another, whose history is the only one that counts", async () => {
  const { source, loads, chosen, seqs } = chosenSetUp();
  chosen.choose("A", "tick");
  source.reply();
  chosen.choose("X&Y=1", "1m");
  assert.equal(source.left, 1);
  assert.ok(loads[0]!.signal.aborted);
  await loads[0]!.arrive([tick(1)]);
  assert.equal(chosen.series.length, 0);
  assert.throws(seqs, TypeError);
  assert.deepEqual(source.asked.map(({ channel }) => channel), ["tick", "bar:1m"]);
  source.reply();
  assert.equal(loads[1]!.path, "bars?symbol=X%26Y%3D1&interval=1m&limit=500");
});

test("Chosen says why there is nothing to see", () => {
  const { source, chosen } = chosenSetUp();
  chosen.choose("a b", "tick");
  source.refuse("Cannot subscribe");
  assert.deepEqual(chosen.state, { kind: "failed", message: "Cannot subscribe" });
  chosen.choose("BTC/*", "tick");
  assert.equal(chosen.state.kind, "failed");
  assert.equal(source.asked.length, 1);
});

test("Decimals are those of the server, and are asked for when a price needs more", async () => {
  let answers: Point[] = [{ symbol: "A", decimals: 4 }];
  let later = () => {};
  let changes = 0;
  const decimals = new Decimals({
    load: () => Promise.resolve(answers),
    later: (action) => later = action,
    changed: () => changes++,
  });
  const ask = async () => {
    const action = later;
    later = () => {};
    action();
    await new Promise((done) => setImmediate(done));
  };
  decimals.saw(row("A", 1.5));
  assert.equal(decimals.of("A"), 2);
  await ask();
  assert.equal(decimals.of("A"), 4);
  decimals.saw(row("A", 1.1234));
  await ask();
  assert.equal(changes, 1);
  answers = [{ symbol: "A", decimals: 6 }];
  decimals.saw(row("A", 1.123456));
  await ask();
  assert.deepEqual([changes, decimals.of("A")], [2, 6]);
  // Before the server has answered, the prices themselves tell.
  decimals.saw(row("B", 0.12345));
  assert.equal(decimals.of("B"), 5);
});
