// deno-lint-ignore-file no-explicit-any -- answers are whatever the server sends
import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, describe, test } from "node:test";
import { readConfig } from "../../src/config.ts";
import { CloseCode } from "../../src/hub/socket.ts";
import { TestStore } from "../helpers/store.ts";
import { Door } from "../http/door.ts";
import { BASE, NOW, refused, serve, serveWith, TestApp } from "../http/serve.ts";

const folder = mkdtempSync(join(tmpdir(), "tickwire-symbols-"));
after(() => rmSync(folder, { recursive: true }));

/** A symbol with so many characters, which is a pair for Kraken's clients. */
const long = (length: number) => `${"x".repeat(length - 4)}/USD`;
const LONGEST = long(255);
const TOO_LONG = "a symbol has at most 255 characters";
const FORMULA = "a symbol does not begin with = - or @";
/** Bad symbols, with the words of the refusal. */
const WRONG: readonly (readonly [symbol: string, words: string])[] = [
  [long(256), TOO_LONG],
  ["=cmd", FORMULA],
  ["-1", FORMULA],
  ["@SUM/USD", FORMULA],
];

const encode = encodeURIComponent;
const body = (server: TestApp, type: string, text: string) =>
  server.post(text, { "content-type": type });

/** The start of a stream up to its first rows. */
async function begin(response: Response, words: string): Promise<string> {
  const reader = response.body!.getReader();
  let text = "";
  while (!text.includes(words)) text += new TextDecoder().decode((await reader.read()).value);
  await reader.cancel();
  return text;
}

describe("A symbol of 255 characters", () => {
  test("is accepted by every input", async () => {
    const server = serve();
    await server.send({ symbol: LONGEST, price: 1, size: 1 });
    const tick = JSON.stringify({ symbol: LONGEST, price: 2 });
    assert.equal((await body(server, "application/x-ndjson", tick)).status, 200);
    assert.equal((await body(server, "text/csv", `symbol,price\n${LONGEST},3`)).status, 200);
    const written = { method: "POST", body: `${LONGEST} value=4` };
    assert.equal((await server.request("/write", written)).status, 204);
    const sender = new Door(server, "/ticks");
    sender.send({ symbol: LONGEST, price: 5 });
    server.now += 1_000;
    assert.equal((await sender.next()).accepted, 1);
    const define = { method: "PUT", body: '{"name":"Long"}' };
    assert.equal((await server.request(`/symbols/${LONGEST}`, define)).status, 200);
    const ticks = await server.get<any[]>(`/ticks?symbol=${LONGEST}`);
    assert.deepEqual(ticks.map(({ price }) => price), [1, 2, 3, 4, 5]);
    const file = { instruments: { [LONGEST]: { name: "Mine" } } };
    assert.equal((await serveWith(file).get("/symbols"))[0]!["name"], "Mine");
  });

  test("is served by every route and socket", async () => {
    const server = serve();
    await server.send({ symbol: LONGEST, price: 1.5, size: 1, bid: 1, ask: 2 });
    assert.equal((await server.get(`/snapshot?symbol=${LONGEST}`))[0]!["price"], 1.5);
    for (const format of ["json", "ndjson", "csv", "arrow"]) {
      for (const route of ["ticks?", "bars?interval=1m&"]) {
        const response = await server.request(`/${route}symbol=${LONGEST}&format=${format}`);
        assert.ok((await response.text()).includes(LONGEST), `${route}${format}`);
      }
    }
    const { data } = await server.get<any>(`/openbb/chart?symbol=${LONGEST}`);
    assert.equal(data[0].name, LONGEST);
    const { v } = await server.get<any>(`/udf/history?symbol=${LONGEST}&resolution=1`);
    assert.deepEqual(v, [1]);
    const { result } = await server.get<any>(`/kraken/0/public/Ticker?pair=${LONGEST}`);
    assert.equal(result[LONGEST].c[0], "1.50000");
    const stream = await server.request(`/stream?symbol=${LONGEST}&channel=quote`);
    assert.ok((await begin(stream, '"snapshot"')).includes(LONGEST));

    const native = new Door(server, "/ws");
    native.send({ op: "subscribe", symbols: [LONGEST] });
    assert.deepEqual((await native.next()).symbols, [LONGEST]);
    const grid = new Door(server, "/ws");
    grid.send({ params: { symbol: LONGEST } });
    assert.equal((await grid.next())[0].price, 1.5);
    assert.deepEqual(await new Door(server, `/ws?format=value&symbol=${LONGEST}`).next(), {
      value: 1.5,
    });
    assert.equal(
      (await new Door(server, `/ws?format=list&symbol=${LONGEST}`).next())[0].symbol,
      LONGEST,
    );
    const v1 = new Door(server, "/kraken");
    v1.send({ event: "subscribe", pair: [LONGEST], subscription: { name: "trade" } });
    assert.equal((await v1.next()).event, "systemStatus");
    assert.equal((await v1.next()).pair, LONGEST);
    assert.equal((await v1.next()).at(-1), LONGEST);
    const v2 = new Door(server, "/kraken/v2");
    v2.send({
      method: "subscribe",
      params: { channel: "trade", symbol: [LONGEST], snapshot: true },
    });
    assert.equal((await v2.next()).channel, "status");
    assert.equal((await v2.next()).result.symbol, LONGEST);
    assert.equal((await v2.next()).data[0].symbol, LONGEST);
    const room = new Door(server, `/rooms/${encode(LONGEST)}`);
    assert.equal(room.closedWith, undefined);
    room.leave();
  });
});

describe("A symbol of 256 characters, and one that begins like a formula", () => {
  test("are refused in words by every input, and nothing of the batch is taken", async () => {
    const server = serve();
    const good = { symbol: "A", price: 1 };
    const sender = new Door(server, "/ticks");
    for (const [symbol, words] of WRONG) {
      const bad = { symbol, price: 1 };
      const lines = (rows: object[]) => rows.map((row) => JSON.stringify(row)).join("\n");
      for (
        const response of [
          server.post([good, bad]),
          body(server, "application/x-ndjson", lines([good, bad])),
          body(server, "text/csv", `symbol,price\nA,1\n${symbol},1`),
        ]
      ) {
        const detail = await refused(response, 400, "bad_tick");
        assert.match(detail, /(?:record|line) [23]: symbol /);
        assert.ok(detail.endsWith(words), detail);
      }
      sender.send([bad]);
      server.now += 1_000;
      assert.ok((await sender.next()).detail.endsWith(words));
      const put = server.request(`/symbols/${encode(symbol)}`, { method: "PUT", body: "{}" });
      assert.ok((await refused(put, 400, "bad_symbol")).endsWith(words));
    }
    assert.deepEqual(await server.get("/ticks"), []);
    assert.deepEqual(await server.get("/symbols"), []);
  });

  test("are refused in words by settings and feeds", () => {
    const recording = join(folder, "recording.csv");
    writeFileSync(recording, "price\n1\n");
    for (const [symbol, words] of WRONG) {
      const file = JSON.stringify({ instruments: { [symbol]: {} } });
      const read = () => readConfig({ args: [], env: {}, readFile: () => file });
      assert.throws(read, (error: Error) => error.message.includes(words));
      for (
        const feed of [
          `synthetic:?symbols=${symbol}`,
          `stdin:?symbol=${symbol}`,
          `replay:${recording}?symbol=${symbol}`,
          `poll:http://localhost/?symbol=${symbol}`,
          `kraken:ws://localhost/?symbols=${symbol}`,
          `tickwire:ws://localhost/?symbols=${symbol}`,
        ]
      ) {
        const open = () => new TestApp(["--feed", feed]);
        assert.throws(open, (error: Error) => error.message.includes(words), feed);
      }
    }
  });

  test("are refused in words by every route and socket", async () => {
    const server = serve();
    await server.send({ symbol: "A", price: 1 });
    for (const [symbol, words] of WRONG) {
      for (
        const route of [
          ...["snapshot?", "ticks?", "bars?", "openbb/chart?", "openbb/bars?", "openbb/metric?"],
          "stream?",
        ]
      ) {
        const detail = await refused(
          server.request(`/${route}symbol=${encode(symbol)}`),
          400,
          "bad_symbol",
        );
        assert.ok(detail.endsWith(words), detail);
      }
      await refused(server.request(`/symbols/${encode(symbol)}`), 400, "bad_symbol");
      const udf = await server.request(`/udf/history?symbol=${encode(symbol)}&resolution=1`);
      assert.deepEqual([udf.status, (await udf.json()).code], [404, "unknown_symbol"]);
      const rest = await server.get<any>(`/kraken/0/public/Ticker?pair=${encode(symbol)}`);
      assert.deepEqual(rest.error, ["EQuery:Unknown asset pair"]);

      const native = new Door(server, "/ws");
      native.send({ op: "subscribe", id: 1, symbols: ["A", symbol] });
      const { op, id, code, message } = await native.next();
      assert.deepEqual([op, id, code], ["error", 1, "bad_symbol"]);
      assert.ok(message.endsWith(words), message);
      native.send({ op: "ping", id: 2 });
      assert.equal((await native.next()).op, "pong");
      for (const query of ["channel=quote", "format=value", "format=list"]) {
        const door = new Door(server, `/ws?symbol=${encode(symbol)}&${query}`);
        while (await door.text() !== undefined);
        assert.equal(door.closedWith?.code, CloseCode.badRequest, query);
      }
      const grid = new Door(server, "/ws");
      grid.send({ params: { symbol: [symbol, "A"] } });
      assert.deepEqual((await grid.next()).map((row: any) => row.symbol), ["A"]);
      const v1 = new Door(server, "/kraken");
      v1.send({ event: "subscribe", pair: [symbol], subscription: { name: "trade" } });
      await v1.next();
      assert.match((await v1.next()).errorMessage, /^Currency pair not/);
      const v2 = new Door(server, "/kraken/v2");
      v2.send({ method: "subscribe", params: { channel: "trade", symbol: [symbol] } });
      await v2.next();
      assert.match((await v2.next()).error, /^Currency pair not/);
      const headers = { upgrade: "websocket" };
      const room = new Request(`${BASE}/rooms/${encode(symbol)}`, { headers });
      const detail = await refused(server.app.upgrade(room) as Response, 400, "bad_room");
      assert.ok(detail.endsWith(words.replace("a symbol", "its name")), detail);
    }
  });
});

describe("A tape on which there are symbols that begin like formulas", () => {
  const path = `sqlite:${join(folder, "old.db")}`;

  /** Adds ticks with symbols that older versions accepted. */
  async function fill(): Promise<void> {
    const store = new TestStore({ path: path.replace("sqlite:", ""), now: () => NOW }).follow();
    const rest = { time: NOW, size: 1, bid: 1, ask: 2 };
    await store.append(
      ["=A/USD", "-1", "A"].map((symbol, index) => ({ symbol, price: index + 1, ...rest })),
    );
    store.close();
  }

  test("is opened and served, also by name, and accepts no more such symbols", async () => {
    await fill();
    // The second start reads the data that the first one derived.
    for (let start = 0; start < 2; start++) {
      const server = new TestApp(["--tape", path]);
      const names = ["=A/USD", "-1", "A"];
      assert.deepEqual((await server.get("/symbols")).map(({ symbol }) => symbol), names);
      assert.deepEqual((await server.get("/snapshot")).map(({ price }) => price), [1, 2, 3]);
      for (const [index, name] of names.entries()) {
        const of = async (route: string) =>
          await server.get<any[]>(`/${route}symbol=${encode(name)}`);
        assert.equal((await of("snapshot?"))[0].price, index + 1);
        assert.equal((await of("ticks?"))[0].price, index + 1);
        assert.equal((await of("bars?interval=1d&"))[0].close, index + 1);
        assert.equal((await of("openbb/bars?"))[0].close, index + 1);
        assert.equal((await server.get<any>(`/symbols/${encode(name)}`)).symbol, name);
        const native = new Door(server, "/ws");
        native.send({ op: "subscribe", symbols: [name], channel: "quote" });
        assert.equal((await native.next()).snapshot[0].price, index + 1);
        native.leave();
      }
      const v2 = new Door(server, "/kraken/v2");
      v2.send({ method: "subscribe", params: { channel: "trade", symbol: ["=A/USD"] } });
      await v2.next();
      assert.equal((await v2.next()).success, true);
      v2.leave();
      await refused(server.request("/bars?symbol=%3DB"), 400, "bad_symbol");
      await refused(server.post([{ symbol: "=A/USD", price: 9 }]), 400, "bad_tick");
      await server.app.stop();
    }
  });

  test("is exported without a cell that is a formula", async () => {
    const server = new TestApp(["--tape", path]);
    for (const route of ["ticks?", "bars?symbol=-1&"]) {
      const text = await (await server.request(`/${route}format=csv`)).text();
      assert.match(text, /'-1,/);
      for (const cell of text.split(/[,\r\n]+/)) assert.doesNotMatch(cell, /^[=@+]|^-(?!\d*$)/);
    }
    await server.app.stop();
  });
});
