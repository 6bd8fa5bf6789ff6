import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import fc from "fast-check";
import { RowReader } from "../../static/frames.js";
import { INTERVALS } from "../../src/core/interval.ts";
import { Market } from "../../src/core/market.ts";
import type { TapedTick } from "../../src/core/tick.ts";
import { EFFORT_PER_FLUSH } from "../../src/hub/hub.ts";
import { EFFORT_MAX } from "../../src/tape/reading.ts";
import type { Session } from "../../src/hub/session.ts";
import { readBars } from "../../src/tape/bars.ts";
import { TestHub } from "../helpers/test_hub.ts";
import type { FakeSocket } from "../helpers/fake_socket.ts";

const SYMBOLS = ["A", "B", "C/1", "C/2"];
const HIGH_WATER = 2_000;
const timeout = 240_000;

const step = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({ kind: fc.constant("tick"), symbol: fc.constantFrom(...SYMBOLS) }),
  },
  {
    weight: 3,
    arbitrary: fc.record({ kind: fc.constant("pass"), ms: fc.integer({ min: 0, max: 60 }) }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      kind: fc.constant("join"),
      symbols: fc.subarray([...SYMBOLS, "C/*", "*"], { minLength: 1 }),
      channel: fc.constantFrom("tick", "quote"),
      mode: fc.constantFrom("all", "latest"),
      every: fc.constantFrom(0, 50),
      format: fc.constantFrom("object", "columns"),
    }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant("leave"), client: fc.nat(9) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant("come back"), client: fc.nat(9) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant("ask anew"), client: fc.nat(9) }) },
  {
    weight: 1,
    arbitrary: fc.record({
      kind: fc.constant("space"),
      client: fc.nat(9),
      every: fc.constantFrom(0, 20, 50),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({ kind: fc.constant("pause"), client: fc.nat(9), pause: fc.boolean() }),
  },
  {
    weight: 2,
    arbitrary: fc.record({ kind: fc.constant("reads"), client: fc.nat(9), reading: fc.boolean() }),
  },
);

const restarting = fc.oneof(
  { weight: 15, arbitrary: step },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant("save"), max: fc.integer({ max: 60 }) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant("restart") }) },
);

interface Fields {
  readonly symbols: readonly string[];
  readonly channel: string;
  readonly mode: string;
}

/** A client's knowledge from its frames alone, checked as they come. */
class Watcher {
  socket: FakeSocket;
  session: Session;
  readonly #fields: Fields;
  readonly #test: TestHub;
  #seq = -1;
  #sub = "";
  #joined = -1;
  #updates = 0;
  #resumedFrom: string | undefined;
  /** Requests that wait for an answer with a new `sub`. */
  #unanswered = 1;
  #rows!: RowReader;
  readonly #newest = new Map<string, number | null>();

  constructor(test: TestHub, fields: Fields) {
    const { socket, session } = test.subscribe(fields);
    this.socket = socket;
    this.session = session;
    this.#fields = fields;
    this.#test = test;
  }

  /** Breaks the connection and resumes. */
  comeBack(): void {
    this.check();
    this.#unanswered = 1;
    this.session.closed();
    const from = `e1:${this.#seq}`;
    ({ socket: this.socket, session: this.session } = this.#test.subscribe({
      ...this.#fields,
      from,
    }));
    this.#resumedFrom = from;
  }

  /** Unsubscribes and subscribes again at its position, on the same connection. */
  askAnew(): void {
    this.check();
    if (this.socket.buffered > 0 || this.#unanswered > 0) return;
    this.#unanswered++;
    this.session.receive(JSON.stringify({ op: "unsubscribe", sub: this.#sub }));
    this.check();
    const from = `e1:${this.#seq}`;
    this.session.receive(JSON.stringify({ op: "subscribe", ...this.#fields, from }));
    this.#resumedFrom = from;
  }

  pause(pause: boolean): void {
    this.#unanswered++;
    this.session.receive(JSON.stringify({ op: "update", sub: this.#sub, pause }));
  }

  /** Changes the spacing of frames: the subscription goes on under another name. */
  space(every: number): void {
    this.check();
    if (this.#unanswered > 0) return;
    this.#unanswered++;
    this.session.receive(JSON.stringify({ op: "update", sub: this.#sub, every }));
  }

  #wants(symbol: string): boolean {
    return this.#fields.symbols.some((pattern) =>
      pattern.endsWith("*") ? symbol.startsWith(pattern.slice(0, -1)) : pattern === symbol
    );
  }

  /** The ticks of this client since it joined, up to its position. */
  #due() {
    return this.#test.tape.filter(({ seq, symbol }) =>
      seq > this.#joined && seq <= this.#seq && this.#wants(symbol)
    );
  }

  check(): void {
    assert.ok(this.socket.bufferedAtSendMax <= 4 * HIGH_WATER);
    for (const frame of this.socket.take()) {
      if (frame.op === "error") {
        // The new name of the subscription is in an answer that has not been read.
        assert.equal(frame.code, "unknown_sub");
        this.#unanswered--;
        continue;
      }
      if (frame.op === "unsubscribed") continue;
      if (frame.op === "symbols") {
        this.#rows.add(frame.add);
        continue;
      }
      if (frame.op === "updated") {
        this.#sub = frame.sub;
        this.#unanswered--;
        if (frame.position !== undefined) assert.equal(frame.position, `e1:${this.#seq}`);
        if (frame.symbols !== undefined) this.#rows.restart(frame.symbols, frame.snapshot);
        continue;
      }
      if (frame.op === "subscribed") {
        assert.equal(frame.recovered, true);
        this.#sub = frame.sub;
        this.#unanswered--;
        this.#rows = new RowReader(frame);
        if (this.#resumedFrom !== undefined) {
          assert.equal(frame.position, this.#resumedFrom);
          continue;
        }
        this.#seq = this.#joined = Number(frame.position.split(":")[1]);
        for (const { symbol, price } of frame.snapshot) this.#newest.set(symbol, price);
        continue;
      }
      assert.equal(frame.op, "data");
      assert.equal(frame.prev, this.#seq);
      const before = this.#due().length;
      this.#seq = frame.seq;
      const news = this.#due().slice(before);
      const rows = this.#rows.read(frame.rows) as unknown as TapedTick[];
      for (const { symbol, price } of rows) this.#newest.set(symbol, price);
      this.#updates += rows.length + (frame.merged ?? 0);
      assert.equal(this.#updates, this.#due().length);
      if (this.#fields.mode === "all") {
        assert.equal(frame.merged, undefined);
        assert.deepEqual(rows.map(({ price }) => price), news.map(({ price }) => price));
      }
    }
  }

  /** Checks that the client knows the same as the board, after all frames were read. */
  checkEnd(): void {
    for (const symbol of SYMBOLS.filter((symbol) => this.#wants(symbol))) {
      const { price } = this.#test.market.board.row(symbol);
      assert.equal(this.#newest.get(symbol) ?? null, price);
    }
    const last = this.#test.tape.findLast(({ symbol }) => this.#wants(symbol));
    assert.ok(this.#seq >= (last?.seq ?? 0));
  }
}

function simulate(steps: readonly Record<string, unknown>[], path?: string): TestHub {
  const test = new TestHub({ bufferedBytesMax: HIGH_WATER, flushMs: 10 }, { path });
  const watchers: Watcher[] = [];
  for (const { kind, ...fields } of steps) {
    const watcher = watchers[fields["client"] as number];
    if (kind === "tick") test.tick(fields["symbol"] as string, test.tape.length + 1);
    if (kind === "pass") test.pass(fields["ms"] as number);
    if (kind === "join" && watchers.length < 10) {
      watchers.push(new Watcher(test, fields as unknown as Fields));
    }
    if (kind === "save") test.kept.save(test.market.takeChanges(fields["max"] as number));
    if (kind === "restart") {
      for (const each of watchers) each.check();
      test.restart();
      for (const each of watchers) each.comeBack();
    }
    if (kind === "reads") watcher?.socket.reads(fields["reading"] as boolean);
    if (kind === "come back") watcher?.comeBack();
    if (kind === "ask anew") watcher?.askAnew();
    if (kind === "pause") watcher?.pause(fields["pause"] as boolean);
    if (kind === "space") watcher?.space(fields["every"] as number);
    if (kind === "leave" && watcher !== undefined) {
      watcher.session.closed();
      watchers.splice(fields["client"] as number, 1);
    }
    for (const each of watchers) each.check();
    // A client that sends requests without reading the answers is disconnected.
    for (const [index, { socket }] of [...watchers.entries()].reverse()) {
      if (socket.closedWith?.code === 4408) watchers.splice(index, 1);
    }
  }
  for (const { socket } of watchers) socket.reads(true);
  // Requests for the past are answered by now, so each client knows the name of its subscription.
  for (let round = 0; round < 8; round++) test.pass(60);
  for (const watcher of watchers) {
    watcher.check();
    watcher.pause(false);
  }
  for (let round = 0; round < 8; round++) test.pass(60);
  for (const watcher of watchers) {
    watcher.check();
    watcher.checkEnd();
  }
  for (const { session } of watchers) session.closed();
  assert.deepEqual([test.hub.sessionCount, test.hub.cohortCount], [0, 0]);
  assert.equal(test.pass(60), undefined);
  return test;
}

/** Checks that the market equals one that saw all ticks and was never restarted. */
function checkMarket({ market, kept, tape }: TestHub): void {
  const all = new Market({ barsKept: 1_500 });
  for (const tick of tape) all.apply(tick);
  kept.save(market.takeChanges());
  for (const symbol of SYMBOLS) {
    assert.deepEqual(market.board.row(symbol), all.board.row(symbol));
    for (const interval of INTERVALS) {
      const bars = readBars(market, kept, symbol, interval, { limit: 1_500 });
      assert.deepEqual(bars, all.bars(symbol, interval, { limit: 1_500 }));
    }
  }
}

describe("Hub under joins, leaves, stalls and ticks in any order", () => {
  let folder = "";
  let files = 0;
  before(() => {
    folder = mkdtempSync(join(tmpdir(), "tickwire-simulation-"));
  });
  after(() => rmSync(folder, { recursive: true, force: true }));

  it("keeps all chains, loses nothing in mode all, and ends with the newest rows", {
    timeout,
  }, () => {
    fc.assert(
      fc.property(
        fc.array(step, { minLength: 50, maxLength: 300, size: "max" }),
        (steps) => void simulate(steps),
      ),
      { numRuns: 300 },
    );
  });

  it("does the same when the server is killed at any time, with half of the market saved", {
    timeout,
  }, () => {
    fc.assert(
      fc.property(
        fc.array(restarting, { minLength: 50, maxLength: 200, size: "max" }),
        (steps) => {
          const test = simulate(steps, join(folder, String(++files)));
          checkMarket(test);
          test.close();
        },
      ),
      { numRuns: 12 },
    );
  });
});

describe("Hub when 1,000 clients resume at once", () => {
  const CLIENTS = 1_000;
  const TICKS = 8_000;

  it("serves them in slices, exactly the ticks that they missed, while live clients get their frames", () => {
    const test = new TestHub();
    for (let price = 1; price <= TICKS; price++) test.tick(SYMBOLS[price % 4]!, price);
    const live = test.subscribe({ symbols: ["A"] }).socket;
    live.take();
    const crowd = Array.from({ length: CLIENTS }, (_, index) => {
      const symbol = SYMBOLS[index % 4]!;
      const from = TICKS - 1_000 - index;
      const { socket } = test.subscribe({ symbols: [symbol], from: `e1:${from}` });
      return { socket, symbol, from };
    });
    const { kept } = test;
    let spent = 0;
    const first = kept.first.bind(kept);
    kept.first = (query) => {
      const slice = first(query);
      spent += slice.effort;
      return slice;
    };
    let flushes = 0;
    for (let price = TICKS + 1; spent > 0 || flushes === 0; price++) {
      spent = 0;
      test.tick("A", price);
      test.pass(10);
      flushes++;
      assert.ok(spent <= EFFORT_PER_FLUSH + EFFORT_MAX, `${spent} in one flush`);
      const frames = live.take();
      assert.deepEqual(frames.map(({ rows }) => rows[0].price), [price]);
    }
    assert.ok(flushes > 5, `${flushes} flushes`);
    test.pass(10);
    for (const { socket, symbol, from } of crowd) {
      const [reply, ...frames] = socket.take();
      assert.equal(reply.recovered, true);
      let seq = from;
      for (const frame of frames) {
        assert.equal(frame.prev, seq);
        seq = frame.seq;
      }
      const prices = frames.flatMap(({ rows }) => rows.map(({ price }: TapedTick) => price));
      const missed = test.tape.filter((tick) => tick.symbol === symbol && tick.seq > from);
      assert.deepEqual(prices, missed.map(({ price }) => price));
    }
  });
});
