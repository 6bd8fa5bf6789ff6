// deno-lint-ignore-file no-explicit-any -- frames are whatever the server sends
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { after, afterEach, before, describe, it } from "node:test";
import { fileURLToPath } from "node:url";
import { Client } from "../helpers/client.ts";
import { freePort } from "../helpers/free_port.mjs";
import { ServerProcess, wait } from "../helpers/process.ts";
import { send, startServer, type TestServer } from "../helpers/server.ts";

const PATIENCE = { timeout: 120_000 };
const PAIRS = Array.from({ length: 500 }, (_, at) => `P${String(at).padStart(3, "0")}/USD`);
const tickOf = (symbol: string) => ({ symbol, price: 1 + Math.random(), size: 1 });

/** How clients of each protocol subscribe, and how they are answered. */
const PROTOCOLS: Readonly<
  Record<string, {
    subscribe(id: number, symbol: string): object;
    answer(frame: any): { id: unknown; granted: boolean } | undefined;
  }>
> = {
  "/ws": {
    subscribe: (id, symbol) => ({ op: "subscribe", id, symbols: [symbol] }),
    answer: ({ op, id }) =>
      op === "subscribed" || op === "error" ? { id, granted: op === "subscribed" } : undefined,
  },
  "/kraken": {
    subscribe: (reqid, symbol) => ({
      event: "subscribe",
      reqid,
      pair: [symbol],
      subscription: { name: "ticker" },
    }),
    answer: ({ event, reqid, status, Error }) =>
      event === "subscriptionStatus" || Error !== undefined
        ? { id: reqid, granted: status === "subscribed" }
        : undefined,
  },
  "/kraken/v2": {
    subscribe: (id, symbol) => ({
      method: "subscribe",
      req_id: id,
      params: { channel: "ticker", symbol: [symbol] },
    }),
    answer: ({ method, req_id: id, success }) =>
      method === "subscribe" ? { id, granted: success } : undefined,
  },
};

describe("A burst is served, not punished", () => {
  let server: TestServer;

  before(async () => {
    server = await startServer("--feed", "none");
    await send(server, PAIRS.map(tickOf));
  });

  after(async () => {
    await server.stop();
    assert.deepEqual(server.log, []);
  });

  for (const [path, { subscribe, answer }] of Object.entries(PROTOCOLS)) {
    it(
      `400 subscriptions one by one at once on ${path} are granted in order`,
      PATIENCE,
      async () => {
        const client = await Client.connect(server.ws + path);
        for (let id = 1; id <= 400; id++) client.send(subscribe(id, PAIRS[id]!));
        for (let id = 1; id <= 400; id++) {
          const frame = await client.next((frame) => answer(frame) !== undefined);
          assert.deepEqual(answer(frame), { id, granted: true }, JSON.stringify(frame));
        }
        await client.close();
      },
    );

    it(`160 requests at once on ${path} are answered once each`, PATIENCE, async () => {
      const client = await Client.connect(server.ws + path);
      // Every other request repeats a subscription or asks for an unknown symbol.
      const symbolOf = (id: number) => ["A B", PAIRS[0]!, PAIRS[id]!, PAIRS[id]!][id % 4]!;
      for (let id = 1; id <= 160; id++) client.send(subscribe(id, symbolOf(id)));
      const granted: boolean[] = [];
      for (let id = 1; id <= 160; id++) {
        const found = answer(await client.next((frame) => answer(frame) !== undefined))!;
        assert.equal(found.id, id);
        granted.push(found.granted);
      }
      assert.equal(granted.filter((each) => each).length, 81);
      client.send(subscribe(161, PAIRS[499]!));
      const last = answer(await client.next((frame) => answer(frame) !== undefined));
      assert.deepEqual(last, { id: 161, granted: true });
      await client.close();
    });
  }

  it("160 batches at once on /ticks are answered once each", PATIENCE, async () => {
    const client = await Client.connect(`${server.ws}/ticks`);
    const ticksOf = (id: number) => [id % 2 === 0 ? tickOf("BATCH") : { symbol: "BATCH" }];
    for (let id = 1; id <= 160; id++) client.send({ id, ticks: ticksOf(id) });
    for (let id = 1; id <= 160; id++) {
      const { id: answered, accepted, code } = await client.next();
      assert.deepEqual([answered, accepted ?? code], [id, id % 2 === 0 ? 1 : "bad_tick"]);
    }
    await client.close();
  });

  it("A thousand batches of one tick at once on /ticks are taken", PATIENCE, async () => {
    const client = await Client.connect(`${server.ws}/ticks`);
    for (let price = 1; price <= 1_000; price++) client.send({ symbol: "ONES", price });
    for (let price = 1; price <= 1_000; price++) assert.equal((await client.next()).accepted, 1);
    await client.close();
  });

  it(
    "A thousand subscriptions of one connection are granted, and one more is refused",
    PATIENCE,
    async () => {
      const client = await Client.connect(`${server.ws}/ws`);
      for (let id = 0; id <= 1_000; id++) client.send({ op: "subscribe", id, symbols: [`S${id}`] });
      for (let id = 0; id <= 1_000; id++) {
        const { op, code, ...answer } = await client.next();
        assert.deepEqual([answer.id, code ?? op], [
          id,
          id < 1_000 ? "subscribed" : "too_many_subscriptions",
        ]);
      }
      await client.close();
    },
  );

  it("A dragged cursor in a room costs no client its connection", PATIENCE, async () => {
    const url = `${server.ws}/rooms/drag`;
    const [sender, other] = [await Client.connect(url), await Client.connect(url)];
    for (let x = 0; x < 2_000; x++) sender.send({ x });
    // Too frequent messages are left out, and the newest comes.
    let last = -1;
    while (last < 1_999) {
      const { x } = await other.next();
      assert.ok(x > last);
      last = x;
    }
    other.send({ x: "other" });
    assert.deepEqual(await sender.next(), { x: "other" });
    await sender.close();
    await other.close();
  });

  it("Clients that all reconnect at once are all accepted and served", PATIENCE, async () => {
    const come = async (index: number) => {
      const client = await Client.connect(`${server.ws}/ws`);
      for (let id = 0; id < 20; id++) {
        client.send({ op: "subscribe", id, symbols: [PAIRS[(index + id) % PAIRS.length]!] });
      }
      for (let id = 0; id < 20; id++) assert.equal((await client.next()).op, "subscribed");
      return client;
    };
    const clients = await Promise.all(Array.from({ length: 300 }, (_, index) => come(index)));
    await Promise.all(clients.map((client) => client.close()));
  });
});

describe("ccxt watches candles and trades of 500 pairs at once", () => {
  const folder = mkdtempSync(join(tmpdir(), "tickwire-burst-"));
  afterEach(() => ServerProcess.endAll());
  after(() => rmSync(folder, { recursive: true }));

  for (const name of ["ccxt", "ccxt-v1"]) {
    it(`${name} gets data of all pairs, twice, with a restart in between`, PATIENCE, async () => {
      const flags = [
        ...["--port", String(await freePort()), "--feed", "none", "--drain", "200ms"],
        ...["--tape", `sqlite:${join(folder, `${name}.db`)}`],
      ];
      let server = await ServerProcess.start(...flags);
      const tick = () => send(server as unknown as TestServer, PAIRS.map(tickOf));
      await tick();
      const path = fileURLToPath(new URL("kraken/ccxt_burst.mjs", import.meta.url).href);
      const bot = spawn("node", [path, server.http, name, "500"], {
        stdio: ["ignore", "pipe", "inherit"],
      });
      try {
        const lines = createInterface({ input: bot.stdout })[Symbol.asyncIterator]();
        /** Sends ticks of all pairs until the bot has received them. */
        const heard = async () => {
          let found: any;
          const line = lines.next().then(({ value }) => found = JSON.parse(value!));
          while (found === undefined) {
            await tick();
            await Promise.race([line, wait(1_000)]);
          }
          return found;
        };
        assert.deepEqual(await heard(), { heard: 1_000, errors: {} });
        await server.end("SIGTERM");
        server = await ServerProcess.start(...flags);
        const again = await heard();
        assert.equal(again.heard, 1_000, JSON.stringify(again));
        for (const error of Object.keys(again.errors)) assert.doesNotMatch(error, /4429|rate/);
      } finally {
        bot.kill("SIGKILL");
      }
      assert.equal((await server.end("SIGTERM")).code, 0);
    });
  }
});
