import assert from "node:assert/strict";
import { test } from "node:test";
import { Board, Chosen, Decimals, type Row, RowReader } from "../../static/model.js";
import type { Point } from "../../static/series.js";
import type { Listener, Reply, SubscribeRequest } from "../../static/subscriptions.js";

/** A connection of which the test is the server. */
class FakeSource {
  readonly asked: SubscribeRequest[] = [];
  readonly listeners: Listener[] = [];
  left = 0;

  subscribe(request: SubscribeRequest, listener: Listener): () => void {
    this.asked.push(request);
    this.listeners.push(listener);
    return () => void this.left++;
  }

  get listener(): Listener {
    return this.listeners.at(-1)!;
  }
}

const reply = (fields: Partial<Reply>): Reply => ({
  position: "e:0",
  columns: [],
  symbols: [],
  snapshot: [],
  ...fields,
});
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
const quotes = (symbols: string[], prices: number[]) =>
  reply({
    columns: ["symbol", "price"],
    symbols,
    snapshot: symbols.map((symbol, index) => ({ ...row(symbol, prices[index] ?? null) })),
  });

test("RowReader names the places of a row and its symbol", () => {
  const reader = new RowReader(reply({ columns: ["seq", "symbol", "price"], symbols: ["A"] }));
  reader.add(["B"]);
  assert.deepEqual(reader.read([7, 1, 2.5]), { seq: 7, symbol: "B", price: 2.5 });
});

test("Board has the snapshot, then what follows, in the order of the server", () => {
  const source = new FakeSource();
  const board = new Board(source, ["*"]);
  source.listener.joined(quotes(["B", "A"], [1, 2]));
  assert.deepEqual([...board.rows.keys()], ["B", "A"]);
  assert.deepEqual([...board.takeChanged()], ["B", "A"]);
  source.listener.appeared(["C"]);
  source.listener.received([[2, 9], [0, 1.5]]);
  assert.deepEqual([...board.takeChanged()], ["C", "B"]);
  assert.deepEqual([...board.rows.values()].map(({ price }) => price), [1.5, 2, 9]);
  assert.equal(board.takeChanged().size, 0);
});

test("Board forgets symbols that the server no longer knows", () => {
  const source = new FakeSource();
  const board = new Board(source, ["*"]);
  source.listener.joined(quotes(["A", "B"], [1, 2]));
  source.listener.joined(quotes(["B"], [3]));
  source.listener.received([[0, 4]]);
  assert.deepEqual([...board.rows.values()].map(({ symbol, price }) => [symbol, price]), [
    ["B", 4],
  ]);
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

const tickColumns = reply({ columns: ["seq", "symbol", "time", "price"], symbols: ["A"] });
const tick = (seq: number) => ({ seq, time: seq * 10, price: seq });
const tickRow = (seq: number) => [seq, 0, seq * 10, seq];

test("Chosen joins first and loads then, so that nothing is missing and nothing is twice", async () => {
  const { source, loads, chosen, seqs } = chosenSetUp();
  chosen.choose("A", "tick");
  assert.equal(loads.length, 0);
  source.listener.joined(tickColumns);
  source.listener.received([tickRow(11), tickRow(12)]);
  assert.equal(chosen.state.kind, "loading");
  await loads[0]!.arrive([tick(9), tick(10), tick(11)]);
  source.listener.received([tickRow(13)]);
  assert.equal(chosen.state.kind, "ready");
  assert.deepEqual(seqs(), [9, 10, 11, 12, 13]);
  assert.equal(chosen.edge.at(5_000), 5_000);
});

test("Chosen keeps the old series in sight until it is whole again", async () => {
  const { source, loads, chosen, seqs } = chosenSetUp();
  chosen.choose("A", "tick");
  source.listener.joined(tickColumns);
  await loads[0]!.arrive([tick(1)]);
  // The server has been started anew and counts from the beginning.
  source.listener.joined(tickColumns);
  source.listener.received([tickRow(1)]);
  assert.deepEqual(seqs(), [1]);
  source.listener.joined(tickColumns);
  source.listener.received([tickRow(3)]);
  assert.ok(loads[1]!.signal.aborted);
  await loads[1]!.arrive([]);
  assert.deepEqual(seqs(), [1]);
  await loads[2]!.arrive([tick(2)]);
  assert.deepEqual(seqs(), [2, 3]);
});

test("Chosen leaves one series for another, whose history is the only one that counts", async () => {
  const { source, loads, chosen, seqs } = chosenSetUp();
  chosen.choose("A", "tick");
  source.listener.joined(tickColumns);
  chosen.choose("X&Y=1", "1m");
  assert.equal(source.left, 1);
  assert.ok(loads[0]!.signal.aborted);
  await loads[0]!.arrive([tick(1)]);
  assert.equal(chosen.series.length, 0);
  assert.throws(seqs, TypeError);
  assert.deepEqual(source.asked.map(({ channel }) => channel), ["tick", "bar:1m"]);
  source.listener.joined(reply({ columns: ["symbol", "time", "count"], symbols: ["X&Y=1"] }));
  assert.equal(loads[1]!.path, "bars?symbol=X%26Y%3D1&interval=1m&limit=500");
});

test("Chosen says why there is nothing to see", () => {
  const { source, chosen } = chosenSetUp();
  chosen.choose("a b", "tick");
  source.listener.failed("Cannot subscribe");
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
