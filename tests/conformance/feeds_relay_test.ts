import assert from "node:assert/strict";
import { once } from "node:events";
import { describe, it } from "node:test";
import { isDeepStrictEqual } from "node:util";
import { WebSocketServer } from "ws";
import type { TapedTick, Tick } from "../../src/core/tick.ts";
import { feedOf } from "../helpers/feeds.ts";
import { freePort } from "../helpers/free_port.mjs";
import { ServerProcess, wait } from "../helpers/process.ts";
import { relayChain } from "../helpers/relay_chain.ts";
import { send, startServer } from "../helpers/server.ts";
import { TestStore } from "../helpers/store.ts";
import { until } from "../helpers/until.mjs";

const timeout = 120_000;

async function positionOf({ http }: { http: string }): Promise<{ epoch: string; seq: number }> {
  const { position } = await (await fetch(`${http}/readyz`)).json();
  const [epoch, seq] = position.split(":");
  return { epoch, seq: Number(seq) };
}

async function instrumentOf({ http }: { http: string }): Promise<{ readonly name?: string }> {
  return await (await fetch(`${http}/symbols/AAPL`)).json();
}

/** All ticks of a tape, without their seqs. */
async function tapeOf(server: { http: string }): Promise<Tick[]> {
  const { epoch } = await positionOf(server);
  const all: TapedTick[] = [];
  for (;;) {
    const after = `${epoch}:${all.at(-1)?.seq ?? 0}`;
    const page = await (await fetch(`${server.http}/ticks?after=${after}&limit=20000`)).json();
    if (page.length === 0) return all.map(({ seq: _, ...tick }) => tick);
    all.push(...page);
  }
}

describe("A relay", () => {
  const { flagsOf, pathOf } = relayChain();

  it(
    "has the first server's tape on the last one, even if the middle one is killed",
    { timeout },
    async () => {
      const first = await ServerProcess.start(
        ...flagsOf("first", "synthetic:?rate=500&history=20s"),
      );
      const known = { name: "Apple", decimals: 4, prev_close: 151.5, description: "d", shares: 9 };
      await fetch(`${first.http}/symbols/AAPL`, { method: "PUT", body: JSON.stringify(known) });
      const port = await freePort();
      const relay = `tickwire:${first.ws}/ws?symbols=*`;
      let middle = await ServerProcess.start(...flagsOf("middle", relay, port));
      const isKnown = (found: object) => isDeepStrictEqual(found, { symbol: "AAPL", ...known });
      await until("the middle one knows it", () => instrumentOf(middle), isKnown);
      const last = await ServerProcess.start(...flagsOf("last", `tickwire:ws://127.0.0.1:${port}`));
      for (let round = 0; round < 3; round++) {
        const { seq } = await positionOf(last);
        await until("more arrives", () => positionOf(last), (now) => now.seq > seq + 100);
        await wait(Math.random() * 300);
        await middle.end("SIGKILL");
        middle = await ServerProcess.start(...flagsOf("middle", relay, port));
      }
      // Requests that were open when the middle one was killed are repeated.
      await until("the last one knows it", () => instrumentOf(last), isKnown);
      const { seq } = await positionOf(first);
      await until("all has arrived", () => positionOf(last), (now) => now.seq >= seq);
      const [sent, arrived] = [await tapeOf(first), await tapeOf(last)];
      assert.ok(arrived.length >= seq && seq > 300, `${arrived.length} of ${seq}`);
      const shorter = Math.min(sent.length, arrived.length);
      assert.deepEqual(arrived.slice(0, shorter), sent.slice(0, shorter));
    },
  );

  it(
    "goes on after its upstream starts a new tape, and reports a possible gap",
    { timeout },
    async () => {
      const port = await freePort();
      const upstream = () => startServer("--port", String(port), "--feed", "none");
      let first = await upstream();
      await send(first, [1, 2, 3].map((price) => ({ symbol: "A", price, time: Date.now() })));
      const feed = `tickwire:ws://127.0.0.1:${port}?symbols=A,C/*`;
      const last = await startServer("--feed", feed);
      try {
        await until("all has arrived", () => tapeOf(last), ({ length }) => length === 3);
        await first.stop();
        await until("it is missed", () => feedOf(last), ({ state }) => state === "retrying");
        first = await upstream();
        const ticks = [{ symbol: "B", price: 4 }, { symbol: "A", price: 5 }, {
          symbol: "C/D",
          price: 6,
        }];
        await send(first, ticks);
        const prices = async () => (await tapeOf(last)).map(({ price }) => price);
        const all = await until("the rest arrives", prices, ({ length }) => length >= 5);
        assert.deepEqual(all, [1, 2, 3, 5, 6]);
        const missed = /Missed ticks of 127\S+ after \w+:3, up to its next tick after /;
        await until("it says so", () => last.log, (log) => log.some((line) => missed.test(line)));
        await until("it is back", () => feedOf(last), ({ state }) => state === "running");
      } finally {
        await last.stop();
        await first.stop();
      }
    },
  );

  it(
    "leaves out symbols like formulas on an old tape, and reports them once",
    { timeout },
    async () => {
      // Without the present time, the server would soon forget these ticks, because they are old.
      const store = new TestStore({ path: pathOf("first"), now: Date.now }).follow();
      const rest = { time: Date.now(), size: null, bid: null, ask: null };
      const symbols = ["=cmd", "A", "-1", "=cmd"];
      await store.append(symbols.map((symbol, price) => ({ symbol, price, ...rest })));
      store.close();
      const first = await startServer(...flagsOf("first", "none"));
      const last = await startServer("--feed", `tickwire:${first.ws}/ws?symbols=*`);
      try {
        // A failure shows what the relay says of itself.
        const state = async () => ({ tape: await tapeOf(last), feed: await feedOf(last) });
        await until("the first is there", state, ({ tape }) => tape.length === 1);
        await send(first, [{ symbol: "A", price: 9 }]);
        const ticks = await until(
          "the second is there",
          () => tapeOf(last),
          ({ length }) => length === 2,
        );
        assert.deepEqual(ticks.map(({ symbol, price }) => [symbol, price]), [["A", 1], ["A", 9]]);
        assert.equal((await feedOf(last)).leftOut, 3);
        const told = last.log.filter((line) => /Left out ticks of "=cmd" .+ = - or @/.test(line));
        assert.equal(told.length, 1);
      } finally {
        await last.stop();
        await first.stop();
      }
    },
  );

  it("reports ticks that are gone before it has read any", { timeout }, async () => {
    const upstream = new WebSocketServer({ host: "127.0.0.1", port: 0 });
    await once(upstream, "listening");
    upstream.on("connection", (socket) =>
      socket.on("message", (text) => {
        const { id } = JSON.parse(String(text));
        const lists = { columns: ["seq"], symbols: [], unknown: [], snapshot: [] };
        const said = { recovered: false, reason: "they are no longer kept", position: "e1:4" };
        socket.send(JSON.stringify({ op: "subscribed", id, sub: "t1", ...said, ...lists }));
      }));
    const { port } = upstream.address() as { port: number };
    const server = await startServer("--feed", `tickwire:ws://127.0.0.1:${port}/ws`);
    const missed = /Missed ticks of 127\S+ before e1:4: they are no longer kept/;
    try {
      await until("it says so", () => server.log, (log) => log.some((line) => missed.test(line)));
      assert.equal((await feedOf(server)).state, "running");
    } finally {
      await server.stop();
      for (const socket of upstream.clients) socket.terminate();
      upstream.close();
    }
  });

  it("shows an upstream without it, and one that is not tickwire", { timeout }, async () => {
    const other = await startServer("--feed", "none");
    const server = await startServer(
      ...["--feed", `tickwire:${other.ws}/nowhere`, "--feed", "tickwire:ws://127.0.0.1:9/ws"],
    );
    try {
      await until(
        "the reason is shown",
        () => feedOf(server),
        ({ state, error }) => state === "retrying" && error !== null,
      );
      assert.equal((await fetch(`${server.http}/readyz`)).status, 200);
    } finally {
      await server.stop();
      await other.stop();
    }
  });
});
