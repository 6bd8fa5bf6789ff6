import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { isDeepStrictEqual } from "node:util";
import { Client } from "../helpers/client.ts";
import { send, startServer, type TestServer } from "../helpers/server.ts";
import { until } from "../helpers/until.mjs";

describe("The native protocol over real sockets", () => {
  let server: TestServer;

  before(async () => {
    server = await startServer("--feed", "none", "--heartbeat", "500ms");
    await send(server, [{ symbol: "AAPL", price: 150 }, { symbol: "BTC/USD", price: 64_000 }]);
  });

  after(async () => {
    await server.stop();
    assert.deepEqual(server.log, []);
  });

  it("joins the snapshot and the stream without a gap, while ticks keep coming", async () => {
    let going = true;
    let price = 0;
    const feeding = (async () => {
      while (going) await send(server, [{ symbol: "JOIN", price: ++price }]);
    })();
    for (let round = 0; round < 20; round++) {
      const client = await Client.connect(`${server.ws}/ws?symbol=JOIN`);
      const { position, snapshot } = await client.next();
      let last = snapshot[0]?.price ?? 0;
      let seq = Number(position.split(":")[1]);
      for (let frames = 0; frames < 3; frames++) {
        const frame = await client.next(({ op }) => op === "data");
        assert.equal(frame.prev, seq);
        seq = frame.seq;
        for (const row of frame.rows) assert.equal(row.price, ++last);
      }
      await client.close();
    }
    going = false;
    await feeding;
  });

  it("gives clients with equal subscriptions the same sub and the same frames", async () => {
    const one = await Client.connect(`${server.ws}/ws?symbol=SAME,OTHER`);
    const two = await Client.connect(`${server.ws}/ws?symbol=OTHER,SAME`);
    assert.equal((await one.next()).sub, (await two.next()).sub);
    await send(server, [{ symbol: "SAME", price: 1 }]);
    await Promise.all([one.next(), two.next()]);
    await send(server, [{ symbol: "SAME", price: 2 }, { symbol: "OTHER", price: 3 }]);
    const fits = ({ rows }: { rows?: { price: number }[] }) => rows?.at(-1)?.price === 3;
    assert.deepEqual(await one.next(fits), await two.next(fits));
    await Promise.all([one.close(), two.close()]);
  });

  it("echoes the first subprotocol offered", async () => {
    const socket = new WebSocket(`${server.ws}/ws`, ["a", "b"]);
    await new Promise((resolve, reject) => {
      socket.onopen = resolve;
      socket.onerror = () => reject(new Error("Cannot connect"));
    });
    assert.equal(socket.protocol, "a");
    await new Promise((resolve) => {
      socket.onclose = resolve;
      socket.close();
    });
  });

  it("sends a heartbeat with the newest seq when it sent nothing else", async () => {
    const client = await Client.connect(`${server.ws}/ws?symbol=QUIET`);
    const heartbeat = await client.next(({ op }) => op === "heartbeat");
    const { position } = await (await fetch(`${server.http}/readyz`)).json();
    assert.equal(heartbeat.seq, Number(position.split(":")[1]));
    assert.ok(Math.abs(heartbeat.time - Date.now()) < 10_000);
    await client.close();
  });

  it("sends only heartbeats to a client without a subscription", async () => {
    const client = await Client.connect(`${server.ws}/ws`);
    const witness = await Client.connect(`${server.ws}/ws?symbol=AAPL`);
    await witness.next();
    await send(server, [{ symbol: "AAPL", price: 151 }]);
    await witness.next(({ op }) => op === "data");
    // The answer proves that nothing was sent before.
    client.send({ op: "ping" });
    assert.equal((await client.next(({ op }) => op !== "heartbeat")).op, "pong");
    await Promise.all([client.close(), witness.close()]);
  });

  it("closes a bad subscription in the address with 4400 after an error", async () => {
    const client = await Client.connect(`${server.ws}/ws?symbol=a%20b`);
    const error = await client.next();
    assert.equal(error.op, "error");
    assert.equal(error.code, "bad_symbol");
    const { code, reason } = await client.closed();
    assert.equal(code, 4400);
    assert.match(reason, /a symbol has no spaces/);
  });

  it("closes bad plain clients with 4400 and the reason, and sends them nothing", async () => {
    for (const query of ["format=list&every=10x", "format=value", "format=value&symbol=A,B"]) {
      const client = await Client.connect(`${server.ws}/ws?${query}`);
      const { code, reason } = await client.closed();
      assert.equal(code, 4400);
      assert.match(reason, /^Cannot /);
      assert.deepEqual(client.drain(), []);
    }
  });

  it("sends the bar of a past interval when the clock closes it", async () => {
    const client = await Client.connect(`${server.ws}/ws?symbol=CLOCK&channel=bar:1s`);
    await client.next();
    await send(server, [{ symbol: "CLOCK", price: 5 }]);
    const forming = (await client.next(({ op }) => op === "data")).rows[0];
    assert.equal(forming.closed, false);
    const closed = (await client.next(({ op }) => op === "data")).rows[0];
    assert.deepEqual(closed, { ...forming, closed: true });
    await client.close();
  });
});

describe("Clients that only listen", () => {
  it("get the newest value at once, then each value in order, and nothing else", async () => {
    const server = await startServer("--feed", "none", "--heartbeat", "100ms");
    await send(server, [{ symbol: "cpu", price: 0.5 }]);
    const page = await Client.connect(`${server.ws}/ws?symbol=cpu&format=value`);
    assert.deepEqual(await page.next(), { value: 0.5 });
    const values = Array.from({ length: 50 }, (_, i) => i / 4);
    await send(server, values.map((price) => ({ symbol: "cpu", price })));
    for (const value of values) assert.deepEqual(await page.next(), { value });
    page.sendText("not JSON");
    const witness = await Client.connect(`${server.ws}/ws?symbol=QUIET`);
    for (let count = 0; count < 4; count++) await witness.next(({ op }) => op === "heartbeat");
    await send(server, [{ symbol: "cpu", price: 1 }]);
    assert.deepEqual(await page.next(), { value: 1 });
    await Promise.all([page.close(), witness.close()]);
    await server.stop();
  });

  it("get the whole list by symbol at once and then at intervals, changed or not", async () => {
    const server = await startServer("--feed", "none");
    const empty = await Client.connect(`${server.ws}/ws?format=list&every=200`);
    assert.deepEqual(await empty.next(), []);
    await send(server, [{ symbol: "B", price: 2 }, { symbol: "A", price: 1 }]);
    const started = Date.now();
    const page = await Client.connect(`${server.ws}/ws?format=list&every=200`);
    for (let count = 0; count < 4; count++) {
      const list = await page.next();
      assert.deepEqual(
        list.map(({ symbol, price }: { symbol: string; price: number }) => [
          symbol,
          price,
        ]),
        [["A", 1], ["B", 2]],
      );
    }
    assert.ok(Date.now() - started >= 350);
    await Promise.all([page.close(), empty.close()]);
    await server.stop();
  });
});

describe("A live grid", () => {
  it("equals the board after many ticks, with at most ten messages a second", async () => {
    const server = await startServer("--feed", "none");
    await send(server, [{ symbol: "AAPL", price: 1 }, { symbol: "TSLA", price: 1 }]);
    const seed = await (await fetch(`${server.http}/snapshot?symbol=AAPL,TSLA,NOPE`)).json();
    const rows = new Map(seed.map((row: { symbol: string }) => [row.symbol, row]));
    const socket = await Client.connect(`${server.ws}/ws`);
    const forms = ["AAPL,TSLA,NOPE", ["AAPL", "TSLA", "NOPE"], " AAPL, TSLA,,NOPE,AAPL"];
    for (const symbol of forms) {
      socket.send({ type: "params", params: { symbol } });
      const first = await socket.next();
      assert.deepEqual(first.map((row: { symbol: string }) => row.symbol), [
        "AAPL",
        "TSLA",
        "NOPE",
      ]);
    }
    const started = Date.now();
    let price = 0;
    while (Date.now() - started < 1_500) {
      await send(server, [{ symbol: "AAPL", price: ++price }, { symbol: "TSLA", price: -price }]);
    }
    await send(server, [{ symbol: "NOPE", price: 7 }]);
    const board = await (await fetch(`${server.http}/snapshot?symbol=AAPL,TSLA,NOPE`)).json();
    let messages = 0;
    const shown = () => {
      for (const message of socket.drain()) {
        messages++;
        for (const row of message) rows.set(row.symbol, row);
      }
      return [...rows.values()];
    };
    await until("the rows are those of the board", shown, (all) => isDeepStrictEqual(all, board));
    const spell = Date.now() - started;
    assert.ok(messages <= spell / 100 + 2, `${messages} messages in ${spell} ms`);
    await socket.close();
    await server.stop();
    assert.deepEqual(server.log, []);
  });
});

describe("A planned end", () => {
  it("tells clients when to reconnect, closes them with 1012, and sends plain clients no message", async () => {
    const server = await startServer("--feed", "none");
    const native = await Client.connect(`${server.ws}/ws?symbol=A`);
    const plain = await Client.connect(`${server.ws}/ws?format=value&symbol=A`);
    await native.next();
    await server.stop();
    const draining = await native.next();
    assert.equal(draining.op, "draining");
    assert.ok(draining.reconnectAfter >= 0);
    assert.equal((await native.closed()).code, 1012);
    await plain.closed();
    assert.deepEqual(plain.drain(), []);
  });
});
