import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { type Client, PacedHub } from "../helpers/conversation.ts";
import { START, TestHub } from "../helpers/test_hub.ts";
import type { FakeSocket } from "../helpers/fake_socket.ts";

/** Flushes every 10 ms for a time, and returns the client's frames with their times. */
function watch(test: TestHub, socket: FakeSocket, ms: number) {
  const got = [];
  for (let passed = 0; passed < ms; passed += 10) {
    test.pass(10);
    for (const frame of socket.take()) got.push({ ...frame, at: test.now });
  }
  return got;
}

const rowsOf = (frames: { op: string; rows?: { price: number }[] }[]) =>
  frames.filter(({ op }) => op === "data").flatMap(({ rows }) => rows!);

function checkChain(frames: { op: string; prev: number; seq: number }[], seq: number): void {
  for (const frame of frames.filter(({ op }) => op === "data")) {
    assert.equal(frame.prev, seq);
    seq = frame.seq;
  }
}

describe("Cursor", () => {
  it("Cursor resumes after the client's last seq, then goes on live, in one chain", () => {
    const test = new TestHub();
    for (let price = 1; price <= 5_000; price++) test.tick(price % 2 ? "A" : "B", price);
    const { socket } = test.subscribe({ id: 1, symbols: ["A"], from: "e1:1000" });
    const [reply] = socket.take();
    assert.equal(reply.op, "subscribed");
    assert.equal(reply.recovered, true);
    assert.equal(reply.position, "e1:1000");
    assert.deepEqual(reply.snapshot, []);
    const frames = [];
    for (let price = 5_001; price <= 5_100; price++) {
      test.tick(price % 2 ? "A" : "B", price);
      frames.push(...watch(test, socket, 10));
    }
    checkChain(frames, 1_000);
    assert.deepEqual(
      rowsOf(frames).map(({ price }) => price),
      Array.from({ length: 2_050 }, (_, i) => 1_001 + 2 * i),
    );
    const live = test.subscribe({ symbols: ["A"] }).socket;
    live.take();
    test.tick("A", 7);
    test.pass(10);
    test.tick("A", 8);
    test.pass(10);
    assert.deepEqual(live.take().at(-1), socket.take().at(-1));
  });

  it("Cursor cannot resume bars or quotes over given bars, which are not ticks", () => {
    const test = new TestHub();
    test.tick("A", 1);
    test.tick("B", 1);
    const day = START - START % 86_400_000;
    const figures = { open: 1, high: 3, low: 1, close: 2, volume: 9 };
    test.give({ symbol: "A", interval: "1d", time: day, ...figures });
    const ask = (fields: object) => {
      const { socket } = test.subscribe({ from: "e1:2", ...fields });
      test.pass(10);
      return socket.take()[0];
    };
    for (const channel of ["bar:1d", "bar:1w", "quote"]) {
      const { recovered, reason, snapshot } = ask({ symbols: ["A"], channel });
      assert.equal(recovered, false, channel);
      assert.equal(reason, "Bars were imported after that position");
      assert.equal(snapshot[0].close ?? snapshot[0].price, 2);
    }
    assert.equal(ask({ symbols: ["A"], channel: "tick" }).recovered, true);
    assert.equal(ask({ symbols: ["B"], channel: "bar:1d" }).recovered, true);
    assert.equal(ask({ symbols: ["A"], channel: "bar:1d", from: "e1:3" }).recovered, true);
  });

  it("Cursor answers an unavailable position with a snapshot, the reason and the head", () => {
    const test = new TestHub();
    test.tick("A", 1);
    test.tick("A", 2);
    for (const from of ["e0:1", "e1:3"]) {
      const [reply] = test.subscribe({ symbols: ["A"], from }).socket.take();
      assert.equal(reply.recovered, false);
      assert.match(reply.reason, /epoch|future/);
      assert.equal(reply.position, "e1:2");
      assert.equal(reply.snapshot[0].price, 2);
    }
    const [error] = test.subscribe({ id: 5, symbols: ["A"], from: "yesterday" }).socket.take();
    assert.equal(error.code, "bad_from");
    assert.equal(error.id, 5);
  });

  it("Cursor starts with the first tick at or after a time and plays at the requested speed", () => {
    const test = new TestHub();
    const start = test.now;
    for (let second = 0; second < 60; second++) {
      test.tick("A", second, { time: start + second * 1_000 });
      test.tick("B", -1, { time: start + second * 1_000 });
    }
    test.now = start + 3_600_000;
    const { socket } = test.subscribe({
      symbols: ["A"],
      from: start + 29_500,
      speed: 10,
    });
    const startedAt = test.now;
    const frames = watch(test, socket, 4_000);
    assert.equal(frames[0].op, "subscribed");
    assert.equal(frames[0].granted.speed, 10);
    const rows = rowsOf(frames);
    assert.deepEqual(rows.map(({ price }) => price), Array.from({ length: 30 }, (_, i) => 30 + i));
    const data = frames.filter(({ op }) => op === "data");
    checkChain(data, Number(frames[0].position.split(":")[1]));
    for (const { at, rows: [{ price }] } of data) {
      const due = startedAt + (price - 30) * 100;
      assert.ok(Math.abs(at - due) <= 40, `price ${price} came at ${at - startedAt}`);
    }
    test.tick("A", 99);
    assert.deepEqual(rowsOf(watch(test, socket, 50)).map(({ price }) => price), [99]);
  });

  it("Cursor replays quotes with the rows of that time", () => {
    const test = new TestHub();
    const start = Math.floor(test.now / 86_400_000) * 86_400_000 + 3_600_000;
    const expected = [];
    for (let second = 0; second < 20; second++) {
      test.tick("A", second % 7, { time: start + second * 1_000, size: 1 });
      expected.push(test.market.board.row("A"));
    }
    test.now = start + 7_200_000;
    const { socket } = test.subscribe({
      symbols: ["A"],
      channel: "quote",
      from: start + 10_000,
      speed: 10,
    });
    const frames = watch(test, socket, 2_000);
    assert.deepEqual(frames[0].snapshot, [expected[9]]);
    assert.deepEqual(rowsOf(frames), expected.slice(10));
  });

  it("Cursor replays bars as they formed and closed", () => {
    const test = new TestHub();
    const start = Math.floor(test.now / 60_000) * 60_000;
    for (let second = 0; second < 150; second++) {
      test.tick("A", second, { time: start + second * 1_000 });
    }
    test.now = start + 7_200_000;
    const { socket } = test.subscribe({
      symbols: ["A"],
      channel: "bar:1m",
      from: start + 30_000,
      speed: 100,
    });
    const frames = watch(test, socket, 2_000);
    const bars = rowsOf(frames) as unknown as { time: number; close: number; closed: boolean }[];
    assert.equal(frames[0].snapshot[0].close, 29);
    const closed = bars.filter((bar) => bar.closed);
    assert.deepEqual(closed.map(({ time, close }) => [time, close]), [
      [start, 59],
      [start + 60_000, 119],
    ]);
    assert.equal(bars.at(-1)!.close, 149);
  });

  it("Cursor at the end of a replay closes the bar that the clock has closed meanwhile", () => {
    const test = new TestHub();
    const start = Math.floor(test.now / 60_000) * 60_000;
    test.tick("A", 1, { time: start });
    test.tick("A", 2, { time: start + 1_000 });
    test.now = start + 120_000;
    for (const bar of [test.now, test.now + 2_000]) {
      test.hub.publishClosed(test.market.advance(bar));
    }
    const { socket } = test.subscribe({
      symbols: ["A"],
      channel: "bar:1m",
      from: start + 500,
      speed: 100,
    });
    const bars = rowsOf(watch(test, socket, 200)) as unknown as { closed: boolean }[];
    assert.deepEqual(bars.map(({ closed }) => closed).at(-1), true);
    test.tick("A", 3, { time: test.now });
    const later = rowsOf(watch(test, socket, 50)) as unknown as { time: number }[];
    assert.deepEqual(later.map(({ time }) => time), [start + 120_000]);
  });

  for (
    const [name, later] of [["nothing came since", []], ["others came since", [130_000]]] as const
  ) {
    it(`Cursor closes for a client that was away the bar that was forming, when ${name}`, () => {
      const test = new TestHub();
      const start = Math.floor(test.now / 60_000) * 60_000;
      test.now = start;
      const { socket, session } = test.subscribe({ symbols: ["A"], channel: "bar:1m" });
      test.tick("A", 1);
      const seen = watch(test, socket, 50).at(-1)!;
      assert.equal(seen.rows[0].closed, false);
      session.closed();
      test.now = start + 100_000;
      test.market.advance(test.now);
      test.hub.publishClosed(test.market.advance(test.now + 2_000));
      for (const time of later) test.tick("A", 2, { time: start + time });
      const back = test.subscribe({ symbols: ["A"], channel: "bar:1m", from: `e1:${seen.seq}` });
      const bars = rowsOf(watch(test, back.socket, 100)) as unknown as {
        time: number;
        closed: boolean;
      }[];
      assert.deepEqual(bars.map(({ time, closed }) => [time, closed]), [
        [start, true],
        ...later.map(() => [start + 120_000, false]),
      ]);
    });
  }

  it("Cursor pauses, resumes, seeks and changes speed in place", () => {
    const test = new TestHub();
    const start = test.now;
    for (let second = 0; second < 100; second++) {
      test.tick("A", second, { time: start + second * 1_000 });
    }
    test.now = start + 3_600_000;
    const { socket, session } = test.subscribe({ symbols: ["A"], from: start, speed: 10 });
    const { sub } = watch(test, socket, 1_000)[0];
    const update = (fields: object) =>
      session.receive(JSON.stringify({ op: "update", id: 9, sub, ...fields }));
    update({ pause: true });
    const [paused] = socket.take();
    assert.equal(paused.op, "updated");
    assert.equal(paused.id, 9);
    assert.equal(Number(paused.position.split(":")[1]), 10);
    assert.deepEqual(watch(test, socket, 1_000), []);
    update({ resume: true });
    socket.take();
    assert.ok(Math.abs(rowsOf(watch(test, socket, 1_000)).length - 10) <= 1);
    update({ seek: start + 90_000 });
    const sought = watch(test, socket, 300);
    assert.equal(sought[0].op, "updated");
    assert.equal(sought[0].position, "e1:90");
    assert.deepEqual(rowsOf(sought).map(({ price }) => price).slice(0, 3), [90, 91, 92]);
    update({ speed: 0 });
    const rest = rowsOf(watch(test, socket, 100));
    assert.equal(rest.at(-1)!.price, 99);
    test.tick("A", 100);
    assert.deepEqual(rowsOf(watch(test, socket, 50)).map(({ price }) => price), [100]);
  });

  it("Cursor answers in order all requests that came before it has found its start", () => {
    const test = new TestHub();
    const start = test.now;
    for (let second = 0; second < 50; second++) test.tick("A", second, { time: test.now + second });
    const { socket, session } = test.subscribe({ id: 1, symbols: ["A"], from: start + 10 });
    const ask = (id: number, fields: object) =>
      session.receive(JSON.stringify({ op: "update", id, sub: "t1", ...fields }));
    ask(2, { seek: start + 20 });
    ask(3, { speed: 1 });
    ask(4, { every: 100 });
    const answers = watch(test, socket, 10);
    assert.deepEqual(answers.map(({ op, id, sub, position }) => [op, id, sub, position]), [
      ["subscribed", 1, "t2", "e1:20"],
      ["updated", 2, "t2", "e1:20"],
      ["updated", 3, "t2", "e1:20"],
      ["updated", 4, "t2", "e1:20"],
    ]);
    const frames = watch(test, socket, 1_000);
    checkChain(frames, 20);
    assert.deepEqual(
      rowsOf(frames).map(({ price }) => price),
      Array.from({ length: 30 }, (_, i) => 20 + i),
    );
  });

  it("Cursor answers what waits for its start before the subscription ends", () => {
    const test = new TestHub();
    test.tick("A", 1);
    const { socket, session } = test.subscribe({ id: 1, symbols: ["A"], from: test.now });
    session.receive(JSON.stringify({ op: "unsubscribe", id: 2, sub: "t1" }));
    assert.deepEqual(socket.take().map(({ op, id }) => [op, id]), [
      ["subscribed", 1],
      ["unsubscribed", 2],
    ]);
    assert.equal(test.hub.cohortCount, 0);
  });

  it("Cursor lets as many requests wait for its start as a connection may have waiting", () => {
    const test = new TestHub({ commandsMax: 3 });
    test.tick("A", 1);
    const { socket, session } = test.subscribe({ id: 1, symbols: ["A"], from: test.now });
    for (let id = 2; id <= 5; id++) {
      session.receive(JSON.stringify({ op: "update", id, sub: "t1", seek: test.now }));
    }
    const told = [...socket.take(), ...watch(test, socket, 10)].filter(({ op }) => op !== "data");
    assert.deepEqual(told.map(({ id, code }) => [id, code]), [
      [4, "too_many_commands"],
      [5, "too_many_commands"],
      [1, undefined],
      [2, undefined],
      [3, undefined],
    ]);
  });

  for (const op of ["subscribed", "updated"]) {
    it(`Cursor leaves nothing behind when its client has gone as it is sent ${op}`, () => {
      const test = new TestHub();
      for (let price = 1; price <= 5; price++) test.tick("A", price);
      const { socket, session } = test.connect();
      socket.send = (text) => {
        if (text.includes(op)) session.closed();
      };
      session.receive(JSON.stringify({ op: "subscribe", symbols: ["A"], from: "e1:1" }));
      session.receive(JSON.stringify({ op: "update", sub: "t1", seek: "e1:2" }));
      assert.deepEqual([test.hub.sessionCount, test.hub.cohortCount], [0, 0]);
      assert.equal(test.pass(10), undefined);
    });
  }

  it("Cursor holds a live stream while it is paused and loses nothing", () => {
    const test = new TestHub();
    const { socket, session } = test.subscribe({ symbols: ["A"] });
    test.tick("A", 1);
    const [{ sub }] = watch(test, socket, 20);
    session.receive(JSON.stringify({ op: "update", sub, pause: true }));
    for (let price = 2; price <= 50; price++) test.tick("A", price);
    assert.deepEqual(rowsOf(watch(test, socket, 100)), []);
    session.receive(JSON.stringify({ op: "update", sub, pause: false }));
    const frames = watch(test, socket, 100);
    checkChain(frames, 1);
    assert.equal(rowsOf(frames).length, 49);
  });

  it("Cursor changes to a new spacing without a loss, under the new name of the subscription", () => {
    const test = new TestHub();
    const { socket, session } = test.subscribe({ symbols: ["A"] });
    test.tick("A", 1);
    const [{ sub }] = watch(test, socket, 20);
    test.tick("A", 2);
    session.receive(JSON.stringify({ op: "update", sub, every: 100 }));
    test.tick("A", 3);
    const frames = watch(test, socket, 300);
    assert.equal(frames[0].op, "updated");
    assert.notEqual(frames[0].sub, sub);
    assert.deepEqual(rowsOf(frames).map(({ price }) => price), [2, 3]);
    checkChain(frames, 1);
  });

  it("Cursor refuses a new spacing that would repeat another subscription of the client", () => {
    const test = new TestHub();
    const { socket, session } = test.subscribe({ symbols: ["A"] });
    session.receive(JSON.stringify({ op: "subscribe", symbols: ["A"], every: 100 }));
    const [one, two] = socket.take();
    session.receive(JSON.stringify({ op: "update", sub: one.sub, every: 100 }));
    assert.equal(socket.take()[0].code, "already_subscribed");
    test.tick("A", 1);
    const frames = watch(test, socket, 200).map(({ sub }) => sub);
    assert.deepEqual(new Set(frames), new Set([one.sub, two.sub]));
  });

  it("Cursor sends a slow client in mode all everything, at its own pace", () => {
    const test = new TestHub({ bufferedBytesMax: 5_000 });
    const { socket } = test.subscribe({ symbols: ["A"] });
    const reader = test.subscribe({ symbols: ["A"] }).socket;
    socket.reads(false);
    for (let price = 1; price <= 20_000; price++) {
      test.tick("A", price);
      if (price % 100 === 0) test.pass(10);
    }
    assert.ok(socket.bufferedAtSendMax <= 5_000);
    socket.reads(true);
    const frames = watch(test, socket, 1_000);
    checkChain(frames, 0);
    assert.equal(rowsOf(frames).length, 20_000);
    assert.equal(rowsOf(reader.take()).length, 20_000);
    assert.equal(socket.closedWith, undefined);
  });

  it("Cursor tells a client that its next ticks are forgotten, and goes on live", () => {
    const test = new TestHub({ bufferedBytesMax: 500 });
    const { socket } = test.subscribe({ symbols: ["A"] });
    socket.reads(false);
    for (let price = 1; price <= 130_000; price++) {
      test.tick("A", price);
      if (price % 1_000 === 0) test.pass(10);
    }
    socket.reads(true);
    const told = watch(test, socket, 100).filter(({ op }) => op === "subscribed").at(-1);
    assert.equal(told.recovered, false);
    assert.match(told.reason, /no longer kept/);
    assert.equal(told.position, "e1:130000");
    test.tick("A", 7);
    assert.deepEqual(rowsOf(watch(test, socket, 30)).map(({ price }) => price), [7]);
  });
});

describe("Cursor and corrections", () => {
  const START_OF_DAY = 1_763_699_000_000;
  const filled = () => {
    const hub = new PacedHub();
    hub.ticks(
      ...[150, 900, 151, 800, 152].map((price, index) => ({
        price,
        time: START_OF_DAY + index * 1_000,
      })),
    );
    return hub;
  };
  // deno-lint-ignore no-explicit-any -- frames are whatever the server sends
  const framesOf = (client: Client) => client.frames() as any[];

  it("Cursor in the past shows at once the rows without cancelled ticks", () => {
    const hub = filled();
    const client = hub.join();
    const asked = { op: "subscribe", symbols: ["AAPL"], channel: "quote", mode: "all" };
    client.send({ ...asked, from: START_OF_DAY, speed: 1 });
    hub.pass(2_100);
    assert.equal(framesOf(client).at(-1).rows[0].high, 900);
    client.send({ op: "update", sub: "q1", pause: true });
    hub.pass(10);
    framesOf(client);
    hub.cancel({ symbol: "AAPL", seqs: [2, 4] });
    hub.pass(100);
    const [told, data, ...more] = framesOf(client);
    assert.deepEqual([told.op, told.seqs, more], ["corrected", [2, 4], []]);
    const [{ price, high }] = data.rows;
    assert.deepEqual([data.prev, data.seq, price, high], [3, 3, 151, 151]);
    client.send({ op: "update", sub: "q1", pause: false });
    hub.pass(5_000);
    const [, last] = framesOf(client);
    assert.deepEqual([last.prev, last.seq, last.rows.length, last.rows[0].high], [3, 5, 1, 152]);
  });

  it("Cursor that a correction replaces still tells its client of new symbols", () => {
    const hub = filled();
    const client = hub.join();
    const asked = { op: "subscribe", symbols: ["*"], channel: "quote", mode: "all" };
    client.send({ ...asked, format: "columns", from: START_OF_DAY, speed: 1 });
    hub.pass(2_100);
    assert.deepEqual(framesOf(client)[0].symbols, ["AAPL"]);
    hub.ticks({ symbol: "MSFT", price: 7 });
    hub.cancel({ symbol: "AAPL", seqs: [2, 4] });
    client.send({ op: "update", sub: "q1", speed: 1e9 });
    hub.pass(3_000);
    const frames = framesOf(client);
    const added = frames.filter(({ op }) => op === "symbols").flatMap(({ add }) => add);
    assert.deepEqual(added, ["MSFT"]);
  });

  it("Cursor tells a client that resumes bars which bars have been corrected", () => {
    const hub = filled();
    hub.cancel({ symbol: "AAPL", seqs: [2, 4] });
    const client = hub.join();
    client.send({ op: "subscribe", symbols: ["AAPL"], channel: "bar:1m", from: "k3f9:5" });
    hub.pass(50);
    const [, told, data] = framesOf(client);
    assert.deepEqual([told.op, told.seq], ["corrected", 6]);
    assert.deepEqual([data.rows[0].high, data.rows[0].count], [152, 3]);
  });

  it("Cursor tells a slow client of a correction first, and sends nothing that it cancelled", () => {
    const hub = filled();
    const client = hub.join();
    client.send({ op: "subscribe", symbols: ["AAPL"] });
    framesOf(client);
    client.unread = 1e9;
    hub.ticks({ price: 160 }, { price: 7e8 }, { price: 161 });
    hub.pass(50);
    hub.cancel({ symbol: "AAPL", seqs: [7] });
    hub.pass(50);
    hub.ticks({ price: 162 });
    hub.pass(50);
    assert.deepEqual(framesOf(client), []);
    client.unread = 0;
    hub.pass(100);
    const [told, data, ...more] = framesOf(client);
    assert.deepEqual([told.op, told.seqs, more], ["corrected", [7], []]);
    assert.deepEqual([data.prev, data.rows.map(({ seq }: { seq: number }) => seq)], [5, [
      6,
      8,
      10,
    ]]);
  });
});
