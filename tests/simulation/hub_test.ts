import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import type { Session } from "../../src/hub/session.ts";
import { TestHub } from "../helpers/desk.ts";
import type { FakeSocket } from "../helpers/fake_socket.ts";

const SYMBOLS = ["A", "B", "C/1", "C/2"];
const HIGH_WATER = 2_000;

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
    }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant("leave"), client: fc.nat(9) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant("come back"), client: fc.nat(9) }) },
  {
    weight: 1,
    arbitrary: fc.record({ kind: fc.constant("pause"), client: fc.nat(9), pause: fc.boolean() }),
  },
  {
    weight: 2,
    arbitrary: fc.record({ kind: fc.constant("reads"), client: fc.nat(9), reading: fc.boolean() }),
  },
);

interface Fields {
  readonly symbols: readonly string[];
  readonly channel: string;
  readonly mode: string;
}

/** What a client knows from its frames alone, checked as they come. */
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
  readonly #newest = new Map<string, number | null>();

  constructor(test: TestHub, fields: Fields) {
    const { socket, session } = test.subscribe(fields);
    this.socket = socket;
    this.session = session;
    this.#fields = fields;
    this.#test = test;
  }

  /** The connection breaks, and the client resumes where it was. */
  comeBack(): void {
    this.check();
    this.session.closed();
    const from = `e1:${this.#seq}`;
    ({ socket: this.socket, session: this.session } = this.#test.subscribe({
      ...this.#fields,
      from,
    }));
    this.#resumedFrom = from;
  }

  pause(pause: boolean): void {
    this.session.receive(JSON.stringify({ op: "update", sub: this.#sub, pause }));
  }

  #wants(symbol: string): boolean {
    return this.#fields.symbols.some((pattern) =>
      pattern.endsWith("*") ? symbol.startsWith(pattern.slice(0, -1)) : pattern === symbol
    );
  }

  /** The ticks after joining that this client asked for, up to what it has been told of. */
  #due() {
    return this.#test.tape.filter(({ seq, symbol }) =>
      seq > this.#joined && seq <= this.#seq && this.#wants(symbol)
    );
  }

  check(): void {
    assert.ok(this.socket.bufferedAtSendMax <= 4 * HIGH_WATER);
    for (const frame of this.socket.take()) {
      if (frame.op === "error") {
        // The name of a subscription that is asked for anew is in an answer not read yet.
        assert.equal(frame.code, "unknown_sub");
        continue;
      }
      if (frame.op === "updated") {
        if (frame.position !== undefined) assert.equal(frame.position, `e1:${this.#seq}`);
        continue;
      }
      if (frame.op === "subscribed") {
        assert.equal(frame.recovered, true);
        this.#sub = frame.sub;
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
      this.#updates += frame.rows.length + (frame.merged ?? 0);
      assert.equal(this.#updates, this.#due().length);
      for (const { symbol, price } of frame.rows) this.#newest.set(symbol, price);
      if (this.#fields.mode === "all") {
        assert.equal(frame.merged, undefined);
        assert.deepEqual(
          frame.rows.map(({ price }: { price: number }) => price),
          news.map(({ price }) => price),
        );
      }
    }
  }

  /** After everything was flushed and read, the client knows what the board knows. */
  checkEnd(): void {
    for (const symbol of SYMBOLS.filter((symbol) => this.#wants(symbol))) {
      const { price } = this.#test.market.board.row(symbol);
      assert.equal(this.#newest.get(symbol) ?? null, price);
    }
    const last = this.#test.tape.findLast(({ symbol }) => this.#wants(symbol));
    assert.ok(this.#seq >= (last?.seq ?? 0));
  }
}

function simulate(steps: readonly Record<string, unknown>[]): void {
  const test = new TestHub({ bufferedBytesMax: HIGH_WATER, flushMs: 10 });
  const watchers: Watcher[] = [];
  for (const { kind, ...fields } of steps) {
    const watcher = watchers[fields["client"] as number];
    if (kind === "tick") test.tick(fields["symbol"] as string, test.tape.length + 1);
    if (kind === "pass") test.pass(fields["ms"] as number);
    if (kind === "join" && watchers.length < 10) {
      watchers.push(new Watcher(test, fields as unknown as Fields));
    }
    if (kind === "reads") watcher?.socket.reads(fields["reading"] as boolean);
    if (kind === "come back") watcher?.comeBack();
    if (kind === "pause") watcher?.pause(fields["pause"] as boolean);
    if (kind === "leave" && watcher !== undefined) {
      watcher.session.closed();
      watchers.splice(fields["client"] as number, 1);
    }
    for (const each of watchers) each.check();
    // A client that asks on without reading the answers is let go.
    for (const [index, { socket }] of [...watchers.entries()].reverse()) {
      if (socket.closedWith?.code === 4408) watchers.splice(index, 1);
    }
  }
  for (const { socket } of watchers) socket.reads(true);
  // What was asked of the past is answered by now, so each knows the name of its subscription.
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
}

describe("Hub under joins, leaves, stalls and ticks in any order", () => {
  it("keeps every chain whole, loses nothing in mode all, and ends with the board's newest rows", () => {
    fc.assert(
      fc.property(
        fc.array(step, { minLength: 50, maxLength: 300, size: "max" }),
        (steps) => simulate(steps),
      ),
      { numRuns: 300 },
    );
  });
});
