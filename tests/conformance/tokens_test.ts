import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { loadClient } from "../../src/feeds/client_module.ts";
import { Client } from "../helpers/client.ts";
import { send, startServer, type TestServer } from "../helpers/server.ts";
import { token, TOKEN_FLAGS } from "../helpers/tokens.ts";
import { until } from "../helpers/until.mjs";

const OWN = { read: ["BTC/*"] };
const soon = (seconds: number) => Math.floor(Date.now() / 1_000) + seconds;

describe("Streams of a token that reads BTC/*", () => {
  let server: TestServer;
  let own = "";
  let position = "";

  before(async () => {
    server = await startServer("--feed", "none", "--write-key", "writer", ...TOKEN_FLAGS);
    own = await token(OWN);
    position = await put("BTC/USD", 1);
    await put("ETH/USD", 2);
  });
  after(() => server.stop());

  const put = async (symbol: string, price: number): Promise<string> => {
    const response = await fetch(`${server.http}/ticks`, {
      method: "POST",
      headers: { "content-type": "application/json", "x-api-key": "writer" },
      body: JSON.stringify({ symbol, price }),
    });
    assert.equal(response.status, 200);
    return (await response.json()).position;
  };
  const open = (path: string) => {
    const sign = path.includes("?") ? "&" : "?";
    return Client.connect(`${server.ws}${path}${sign}key=${own}`);
  };

  it("have no other symbols, also not later ones", async () => {
    const clients = await Promise.all([open("/ws"), open("/ws"), open("/ws")]);
    const [live, resumed, columns] = clients as [Client, Client, Client];
    live.send({ op: "subscribe", symbols: ["*"] });
    columns.send({ op: "subscribe", symbols: ["B*", "E*"], channel: "quote", format: "columns" });
    const { symbols, snapshot } = await live.next();
    assert.deepEqual([symbols, snapshot.length], [["BTC/USD"], 1]);
    const told = await columns.next();
    assert.deepEqual(told.symbols, ["BTC/USD"]);
    await put("ETH/EUR", 3);
    await put("ETH/USD", 3);
    await put("BTC/EUR", 3);
    assert.deepEqual(namesIn(await live.next()), ["BTC/EUR"]);
    assert.deepEqual((await columns.next()).add, ["BTC/EUR"]);
    const from = position.replace(/:.*/, ":0");
    resumed.send({ op: "subscribe", symbols: ["*"], from });
    await resumed.next(({ op }) => op === "subscribed");
    assert.deepEqual(namesIn(await resumed.next()), ["BTC/USD", "BTC/EUR"]);
    live.send({ op: "subscribe", id: 1, symbols: ["BTC/USD", "ETH/USD"], channel: "quote" });
    const { id, code } = await live.next(({ op }) => op === "error");
    assert.deepEqual([id, code], [1, "not_allowed"]);
    for (const client of clients) await client.close();
  });

  it("look the same to clients of other protocols", async () => {
    const list = await open("/ws?format=list&every=100");
    assert.deepEqual((await list.next()).map(nameOf), ["BTC/EUR", "BTC/USD"]);
    const grid = await open("/ws");
    grid.send({ params: { symbol: null } });
    assert.deepEqual((await grid.next()).map(nameOf).sort(), ["BTC/EUR", "BTC/USD"]);
    const v2 = await open("/kraken/v2");
    v2.send({ method: "subscribe", params: { channel: "instrument" } });
    const { data } = await v2.next(({ channel }) => channel === "instrument");
    assert.deepEqual(data.pairs.map(nameOf), ["BTC/USD", "BTC/EUR"]);
    assert.ok(!JSON.stringify(data.assets).includes("ETH"));
    v2.send({ method: "subscribe", params: { channel: "ticker", symbol: ["*"] }, req_id: 7 });
    v2.send({ method: "subscribe", params: { channel: "trade", symbol: ["ETH/USD"] }, req_id: 8 });
    const refused = await v2.next(({ req_id }) => req_id === 8);
    assert.match(refused.error, /ETH\/USD/);
    const v1 = await open("/kraken");
    v1.send({ event: "subscribe", pair: ["ETH/USD"], subscription: { name: "ticker" } });
    assert.match((await v1.next(({ status }) => status === "error")).errorMessage, /not supported/);
    for (const client of [list, grid, v2, v1]) await client.close();
  });

  it("go to a grid with the token in its address, if the token may only read", async () => {
    const addressOf = async (key: string) => {
      const headers = { authorization: `Bearer ${key}` };
      const widgets = await (await fetch(`${server.http}/widgets.json`, { headers })).json();
      return widgets.quotes.wsEndpoint as string;
    };
    assert.equal(await addressOf(own), `ws?key=${own}`);
    assert.equal(await addressOf(await token({ ...OWN, write: ["BTC/*"] })), "ws");
  });
});

describe("A token that ends", () => {
  let server: TestServer;
  before(async () => {
    server = await startServer("--feed", "none", ...TOKEN_FLAGS);
  });
  after(() => server.stop());

  const all = { read: ["*"], write: ["*"], rooms: ["*"] };

  it("ends its connections with 4401, unless it was renewed", async () => {
    const ending = await token({ ...all, exp: soon(2) });
    const paths = ["/ws", "/kraken", "/kraken/v2", "/ticks", "/rooms/desk", "/ws?format=list"];
    const ended = await Promise.all(
      paths.map((path) =>
        Client.connect(`${server.ws}${path}${path.includes("?") ? "&" : "?"}key=${ending}`)
      ),
    );
    const renewed = await Client.connect(`${server.ws}/ws?key=${ending}`);
    const events = fetch(`${server.http}/stream?channel=quote&key=${ending}`);
    renewed.send({ op: "ping" });
    const { expires } = await renewed.next(({ op }) => op === "token");
    assert.equal(expires % 1_000, 0);
    renewed.send({ op: "authorize", id: 1, token: await token({ ...all, exp: soon(60) }) });
    const { op, id, expires: later } = await renewed.next();
    assert.deepEqual([op, id, later > expires], ["authorized", 1, true]);
    for (const client of ended) {
      assert.deepEqual(await client.closed(), { code: 4401, reason: "The token has expired" });
    }
    const text = await (await events).text();
    assert.match(text, /event: close\ndata: \{"code":4401,"reason":"The token has expired"\}/);
    renewed.send({ op: "ping", id: 2 });
    assert.equal((await renewed.next(({ op }) => op === "pong")).id, 2);
    await renewed.close();
    assert.equal((await fetch(`${server.http}/snapshot?key=${ending}`)).status, 401);
  });

  it("is not renewed by an invalid token, or one for other symbols", async () => {
    const client = await Client.connect(`${server.ws}/ws?key=${await token({ read: ["A*"] })}`);
    const answerTo = async (token: string) => {
      client.send({ op: "authorize", id: 1, token });
      return (await client.next(({ id }) => id === 1)).code as string | undefined;
    };
    assert.equal(await answerTo(await token({ read: ["A*"], exp: soon(-5) })), "token_expired");
    assert.equal(await answerTo("x.y.z"), "bad_token");
    assert.equal(await answerTo("nonsense"), "bad_key");
    assert.equal(await answerTo(await token({ read: ["*"] })), "not_allowed");
    assert.equal(await answerTo(await token({ read: ["A*"] })), undefined);
    await client.close();
  });

  it("is renewed by client.js, without missing ticks", async () => {
    const { connect } = await loadClient();
    const prices: unknown[] = [];
    const states: string[] = [];
    let asked = 0;
    const first = await token({ read: ["*"], exp: soon(2) });
    const client = connect(`${server.ws}/ws?key=${first}`, {
      onState: ({ kind }) => states.push(kind),
      token: () => (asked++, token({ read: ["*"], exp: soon(60) })),
    });
    client.subscribe({ symbols: ["*"] }, {
      onRows: (rows) => prices.push(...rows.map(({ price }) => price)),
    });
    await until("it is live and has been asked", () => states.at(-1) === "live" && asked > 0);
    const writer = await token({ write: ["*"] });
    const refused = () => fetch(`${server.http}/snapshot?key=${first}`);
    await until("the first one is over", async () => (await refused()).status === 401);
    for (const price of [1, 2]) await post(server, writer, price);
    await until("both have come", () => prices.join() === "1,2");
    assert.deepEqual([asked, states.filter((kind) => kind !== "connecting")], [1, ["live"]]);
    client.close();
  });

  it("limits its subject to a rate, for all inputs together", async () => {
    const slow = await token({ read: ["*"], rate: 2, sub: "slow" });
    const client = await Client.connect(`${server.ws}/ws?key=${slow}`);
    for (let id = 1; id <= 20; id++) client.send({ op: "ping", id });
    const answers = [];
    for (let id = 1; id <= 20; id++) answers.push(await client.next());
    const refused = answers.filter(({ op }) => op === "error");
    assert.ok(refused.length >= 14 && refused.length < 20, `${refused.length} refused`);
    assert.ok(refused.every(({ code, retryAfter }) => code === "too_many_commands" && retryAfter));
    const again = await token({ read: ["*"], rate: 2, sub: "slow", jti: "another" });
    const response = await fetch(`${server.http}/snapshot?key=${again}`);
    assert.deepEqual([response.status, response.headers.get("retry-after")], [429, "1"]);
    const other = await token({ read: ["*"], rate: 2, sub: "other" });
    assert.equal((await fetch(`${server.http}/snapshot?key=${other}`)).status, 200);
    await client.close();
  });

  it("takes a batch whole or not at all", async () => {
    const writer = await token({ write: ["BTC/*"] });
    const client = await Client.connect(`${server.ws}/ticks?key=${writer}`);
    client.send([{ symbol: "BTC/X", price: 1 }, { symbol: "ETH/X", price: 1 }]);
    const { status, code } = await client.next();
    assert.deepEqual([status, code], [403, "not_allowed"]);
    client.send([{ symbol: "BTC/X", price: 1 }]);
    assert.equal((await client.next()).accepted, 1);
    await client.close();
    const rows = await fetch(`${server.http}/snapshot?key=${await token({ read: ["*"] })}`);
    assert.ok(!(await rows.json()).map(nameOf).includes("ETH/X"));
  });

  it("has no effect where no key is needed, valid or not", async () => {
    const open = await startServer("--feed", "none");
    await send(open, [{ symbol: "A", price: 1 }]);
    assert.equal((await fetch(`${open.http}/snapshot?key=${await token()}`)).status, 200);
    const client = await Client.connect(`${open.ws}/ws`);
    client.send({ op: "authorize", id: 1, token: await token() });
    assert.equal((await client.next()).code, "bad_key");
    await client.close();
    await open.stop();
  });
});

function post(server: TestServer, key: string, price: number): Promise<Response> {
  return fetch(`${server.http}/ticks`, {
    method: "POST",
    headers: { "content-type": "application/json", "x-api-key": key },
    body: JSON.stringify({ symbol: "A", price }),
  });
}

function nameOf({ symbol }: { readonly symbol: string }): string {
  return symbol;
}

function namesIn({ rows }: { readonly rows: readonly { readonly symbol: string }[] }): string[] {
  return rows.map(nameOf);
}
