import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import { RowReader } from "../../static/frames.js";
import { MEMBERS_MAX } from "../../src/hub/cohorts.ts";
import type { Session } from "../../src/hub/session.ts";
import { grid } from "../../src/wire/openbb.ts";
import { TestHub } from "../helpers/test_hub.ts";
import type { FakeSocket } from "../helpers/fake_socket.ts";

const QUOTES = { symbols: ["*"], channel: "quote", format: "columns", every: 50 };

/** A client that knows quotes only from its frames. */
class Screen {
  readonly socket: FakeSocket;
  readonly session: Session;
  readonly rows = new Map<unknown, object>();
  #reader: RowReader | undefined;
  position = "";

  constructor(test: TestHub, fields: object) {
    ({ socket: this.socket, session: this.session } = test.subscribe(fields));
    this.read();
  }

  read(): void {
    for (const frame of this.socket.take()) {
      if (frame.op === "subscribed") {
        this.#reader = new RowReader(frame);
        this.position = frame.position;
        for (const row of frame.snapshot) this.rows.set(row.symbol, row);
      } else if (frame.op === "symbols") {
        this.#reader!.add(frame.add);
      } else if (frame.op === "data") {
        this.position = `e1:${frame.seq}`;
        for (const row of this.#reader!.read(frame.rows)) this.rows.set(row["symbol"], row);
      }
    }
  }
}

const symbol = fc.constantFrom("A", "B", "C");
const action = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({ kind: fc.constant("tick" as const), symbol, price: fc.nat(5) }),
  },
  { weight: 3, arbitrary: fc.record({ kind: fc.constant("pass" as const), ms: fc.nat(80) }) },
  fc.record({ kind: fc.constant("join" as const) }),
  fc.record({ kind: fc.constant("resume" as const), client: fc.nat(9) }),
  fc.record({ kind: fc.constant("leave" as const), client: fc.nat(9) }),
  fc.record({ kind: fc.constant("stall" as const), client: fc.nat(9), reading: fc.boolean() }),
  fc.record({ kind: fc.constant("name" as const), symbol, name: fc.constantFrom("x", "y") }),
);

describe("Quotes in columns", () => {
  test("Frames have only changed columns if that is shorter", () => {
    const hub = new TestHub();
    hub.tick("A", 1, { size: 2 });
    const { socket } = hub.subscribe(QUOTES);
    socket.take();
    hub.tick("A", 2, { size: 3 });
    hub.pass(100);
    const whole = [
      0,
      null,
      "2025-11-21",
      hub.now - 100,
      2,
      null,
      null,
      5,
      null,
      1,
      2,
      1,
      null,
      null,
      null,
    ];
    assert.deepEqual(socket.take()[0].rows, [whole]);
    hub.tick("A", 2);
    hub.pass(100);
    socket.take();
    hub.tick("A", 2, { size: 3, bid: 1.5 });
    hub.pass(100);
    // Bits of the mask: 3 time, 7 volume, 12 bid.
    const places = 1 << 3 | 1 << 7 | 1 << 12;
    assert.deepEqual(socket.take()[0].rows, [[0, places, hub.now - 100, 8, 1.5]]);
  });

  test("A symbol without a tick is announced once, also to a client that waits for its first frame", () => {
    const hub = new TestHub();
    const screen = new Screen(hub, QUOTES);
    hub.tick("B", 1);
    hub.pass(0);
    hub.market.define("A", { name: "x" });
    hub.hub.refresh("A");
    hub.pass(50);
    for (const name of ["A", "C"]) hub.tick(name, 2);
    hub.pass(50);
    screen.read();
    for (const name of ["A", "B", "C"]) {
      assert.deepEqual(screen.rows.get(name), hub.market.board.row(name));
    }
  });

  for (const mode of ["latest", "all"]) {
    test(`Frames in mode ${mode} decode to the board, for clients that join, stall or resume`, () => {
      fc.assert(
        fc.property(fc.array(action, { maxLength: 60 }), (actions) => {
          const hub = new TestHub({ bufferedBytesMax: 300 });
          const fields = { ...QUOTES, mode };
          const screens = [new Screen(hub, fields)];
          for (const each of actions) {
            const screen = "client" in each ? screens[each.client % screens.length]! : screens[0]!;
            if (each.kind === "tick") hub.tick(each.symbol, each.price);
            else if (each.kind === "pass") hub.pass(each.ms);
            else if (each.kind === "join") screens.push(new Screen(hub, fields));
            else if (each.kind === "stall") screen.socket.reads(each.reading);
            else if (each.kind === "name") {
              // A replay of every row has the reference data of its start.
              if (mode === "all") continue;
              hub.market.define(each.symbol, { name: each.name });
              hub.hub.refresh(each.symbol);
            } else if (each.kind === "resume") {
              // The answer to its subscription has not come yet.
              if (screen.position === "") continue;
              const next = new Screen(hub, { ...fields, from: screen.position });
              for (const [name, row] of screen.rows) {
                if (!next.rows.has(name)) next.rows.set(name, row);
              }
              screens.push(next);
            } else if (screens.length > 1) {
              screen.session.closed();
              screens.splice(screens.indexOf(screen), 1);
            }
            for (const { socket } of screens) assert.ok(socket.bufferedAtSendMax <= 1_500);
            for (const each of screens) each.read();
          }
          for (const { socket } of screens) socket.reads(true);
          // Reference data is not on the tape: a client that was away gets it with the next tick.
          for (const name of hub.market.catalogue.symbols()) hub.tick(name, 1);
          for (let step = 0; step < 20; step++) hub.pass(50);
          for (const screen of screens) {
            screen.read();
            for (const name of ["A", "B", "C"]) {
              if (!hub.market.board.has(name)) continue;
              assert.deepEqual(screen.rows.get(name), hub.market.board.row(name));
            }
          }
        }),
        { numRuns: 300 },
      );
    });
  }
});

describe("Equal cohorts", () => {
  test("A full cohort is followed by another, with the same sub and the same rows", () => {
    const hub = new TestHub();
    const clients = Array.from(
      { length: MEMBERS_MAX + 2 },
      () => hub.subscribe({ symbols: ["A"] }),
    );
    assert.equal(hub.hub.cohortCount, 2);
    hub.tick("A", 1);
    hub.pass(10);
    hub.pass(0);
    const frames = clients.map(({ socket }) => socket.take().at(-1));
    for (const frame of frames) assert.deepEqual(frame, frames[0]);
    for (const { session } of clients) session.closed();
    assert.equal(hub.hub.cohortCount, 0);
  });

  test("A session cannot subscribe twice, even if the first cohort is full", () => {
    const hub = new TestHub();
    const clients = Array.from({ length: MEMBERS_MAX }, () => hub.subscribe({ symbols: ["A"] }));
    const { session, socket } = clients[0]!;
    session.receive(JSON.stringify({ op: "subscribe", symbols: ["A"] }));
    assert.equal(socket.take().at(-1).code, "already_subscribed");
  });

  test("No cohort is created without a member, even if the first one is full", () => {
    const hub = new TestHub();
    const asked = { symbols: ["A"], channel: "quote" };
    const clients = Array.from({ length: MEMBERS_MAX }, () => hub.subscribe(asked));
    const { session, socket } = clients[0]!;
    const { sub } = socket.take()[0];
    session.receive(JSON.stringify({ op: "subscribe", ...asked }));
    assert.equal(hub.hub.cohortCount, 1);
    session.receive(JSON.stringify({ op: "subscribe", ...asked, every: 50 }));
    assert.equal(hub.hub.cohortCount, 2);
    session.receive(JSON.stringify({ op: "update", sub, every: 50 }));
    assert.deepEqual(socket.take().filter(({ op }) => op === "error").map(({ code }) => code), [
      "already_subscribed",
      "already_subscribed",
    ]);
    assert.equal(hub.hub.cohortCount, 2);
    for (const { session } of clients) session.closed();
    assert.equal(hub.hub.cohortCount, 0);
  });

  test("A session that replaces its subscription by the same one leaves no cohort", () => {
    const hub = new TestHub();
    const clients = Array.from({ length: MEMBERS_MAX }, () => hub.connect(grid));
    for (const { session } of clients) session.receive('{"params":{"symbol":"A"}}');
    for (const { session } of clients) session.receive('{"params":{"symbol":"A"}}');
    assert.equal(hub.hub.cohortCount, 1);
    for (const { session } of clients) session.closed();
    assert.equal(hub.hub.cohortCount, 0);
  });

  test("A client that closes during a send leaves nothing behind", () => {
    for (const from of [undefined, "e1:0"]) {
      const hub = new TestHub();
      hub.tick("A", 1);
      const other = hub.subscribe({ symbols: ["A"] });
      const { socket, session } = hub.connect();
      const told = socket.send.bind(socket);
      socket.send = (text) => {
        told(text);
        // A stream of events closes within the call.
        if (text.includes('"op":"data"')) session.closed();
      };
      session.receive(JSON.stringify({ op: "subscribe", symbols: ["A"], from }));
      hub.tick("A", 2);
      for (let round = 0; round < 5; round++) hub.pass(10);
      assert.deepEqual(socket.take().map(({ op }) => op), ["subscribed", "data"]);
      other.session.closed();
      assert.deepEqual([hub.hub.sessionCount, hub.hub.cohortCount], [0, 0]);
    }
  });

  test("A flush serves a limited number of members, and the next flush the others first", () => {
    const hub = new TestHub();
    const clients = Array.from(
      { length: 3 * MEMBERS_MAX },
      () => hub.subscribe({ symbols: ["A"] }),
    );
    for (const { socket } of clients) socket.take();
    const served = () => clients.filter(({ socket }) => socket.take().length > 0).length;
    hub.tick("A", 1);
    assert.equal(hub.pass(10), hub.now);
    assert.equal(served(), MEMBERS_MAX);
    hub.tick("A", 2);
    for (let turn = 0; turn < 2; turn++) {
      hub.pass(0);
      assert.equal(served(), MEMBERS_MAX);
    }
    hub.pass(0);
    assert.equal(served(), 0);
    hub.pass(10);
    assert.equal(served(), MEMBERS_MAX);
  });
});
