import assert from "node:assert/strict";
import { createServer, type Server } from "node:http";
import { it } from "node:test";
import { feedOf } from "../helpers/feeds.ts";
import { freePort } from "../helpers/free_port.mjs";
import { startServer } from "../helpers/server.ts";
import { until } from "../helpers/until.mjs";

const timeout = 120_000;
type Mood = "well" | "slow" | "wrong" | "known";

it("A slow, wrong, missing or recovered source is shown, and no tick is doubled", {
  timeout,
}, async () => {
  let mood: Mood = "well";
  let price = 0;
  let unchanged = 0;
  const answer = () => {
    const server: Server = createServer((request, response) => {
      response.setHeader("etag", '"1"');
      if (mood === "slow") return void response.write("[");
      if (mood === "wrong") return void response.end('[{"s":"A","p":"?"}]');
      if (mood === "known" && request.headers["if-none-match"] === '"1"') {
        unchanged++;
        response.statusCode = 304;
        return void response.end();
      }
      response.end(JSON.stringify([{ s: "A", p: ++price }]));
    });
    return server;
  };
  let source = answer();
  const port = await freePort();
  await new Promise<void>((resolve) => source.listen(port, "127.0.0.1", resolve));
  const gone = () =>
    new Promise((resolve) => {
      source.close(resolve);
      source.closeAllConnections();
    });
  const url = `http://127.0.0.1:${port}/prices?token=abc`;
  const feed = `poll:${url}&every=100ms&timeout=300ms&map=symbol:s,price:p`;
  const server = await startServer("--feed", feed);
  const ticks = async () =>
    await (await fetch(`${server.http}/ticks?from=0`)).json() as { price: number }[];
  const shows = (reason: RegExp) =>
    until(
      "the reason is shown",
      () => feedOf(server),
      ({ state, error }) => state === "retrying" && reason.test(error ?? ""),
    );
  try {
    await until("there are ticks", ticks, ({ length }) => length >= 2);
    mood = "slow";
    await shows(/^The source has not answered within 300 ms$/);
    mood = "wrong";
    await shows(/^Cannot read the answer: record 1: price "\?" is not a number$/);
    await gone();
    await shows(/^Cannot reach the source: /);
    assert.equal((await fetch(`${server.http}/healthz`)).status, 200);
    mood = "known";
    source = answer();
    await new Promise<void>((resolve) => source.listen(port, "127.0.0.1", resolve));
    await until("it is back", () => feedOf(server), ({ state }) => state === "running");
    const { length } = await ticks();
    await until("it has found nothing new", () => unchanged, (count) => count >= 4);
    const all = await ticks();
    assert.equal(all.length, length, "what is known was taken again");
    // On a busy machine the source's answer can come too late, but none is taken twice.
    const prices = all.map((tick) => tick.price);
    assert.deepEqual(prices, [...new Set(prices)].sort((a, b) => a - b));
    assert.equal(prices.at(-1), price);
    const { retries, name } = await feedOf(server);
    assert.ok(retries >= 3);
    assert.ok(![name, ...server.log].some((text) => text.includes("abc")), server.log.join("\n"));
  } finally {
    await server.stop();
    await gone();
  }
});
