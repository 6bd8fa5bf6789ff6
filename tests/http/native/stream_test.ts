import assert from "node:assert/strict";
import net from "node:net";
import { describe, test } from "node:test";
import type { Limits } from "../../../src/hub/limits.ts";
import { Hono } from "hono";
import { EVERYTHING } from "../../../src/hub/grant.ts";
import { ConnectionGrants } from "../../../src/hub/connection_grant.ts";
import { onError } from "../../../src/http/http_error.ts";
import { Streams } from "../../../src/http/native/stream.ts";
import { PacedHub } from "../../helpers/conversation.ts";
import { send, startServer } from "../../helpers/server.ts";
import { until } from "../../helpers/until.mjs";
import { refused, serve } from "../serve.ts";

interface Event {
  readonly id?: string;
  readonly event?: string;
  readonly retry?: string;
  readonly comment?: string;
  // deno-lint-ignore no-explicit-any -- frames are whatever the server sends
  readonly data?: any;
}

/** Reads a stream event by event. */
class Events {
  readonly response: Response;
  readonly #reader: ReadableStreamDefaultReader<Uint8Array<ArrayBuffer>>;
  readonly #decoder = new TextDecoder();
  #text = "";

  constructor(response: Response) {
    assert.equal(response.status, 200);
    this.response = response;
    this.#reader = response.body!.getReader();
  }

  /** The raw text of the next event; `undefined` at the end. */
  async text(): Promise<string | undefined> {
    while (!this.#text.includes("\n\n")) {
      const { value, done } = await this.#reader.read();
      if (done) return undefined;
      this.#text += this.#decoder.decode(value, { stream: true });
    }
    const end = this.#text.indexOf("\n\n");
    const event = this.#text.slice(0, end);
    this.#text = this.#text.slice(end + 2);
    return event;
  }

  async next(): Promise<Event> {
    const text = await this.text();
    assert.ok(text !== undefined, "the stream has ended");
    return Object.fromEntries(
      text.split("\n").map((line) => {
        const [, name, value] = /^([a-z]*): (.*)$/.exec(line)!;
        return [name || "comment", name === "data" ? JSON.parse(value!) : value];
      }),
    );
  }

  leave(): Promise<void> {
    return this.#reader.cancel();
  }
}

/** Streams of a hub with a clock that the test moves. */
function staged(limits: Partial<Limits> = {}) {
  const hub = new PacedHub(limits);
  const faults: unknown[] = [];
  const fault = (error: unknown) => void faults.push(error);
  const access = { connectionGrants: new ConnectionGrants() };
  const now = () => hub.now;
  const streams = new Streams({ hub: hub.hub, access, now, random: () => 0.5, fault });
  const router = new Hono().use((c, next) => {
    c.set("grant", EVERYTHING);
    return next();
  }).route("/", streams.routes());
  router.onError(onError(fault));
  const request = async (query: string, headers: Record<string, string> = {}) =>
    await router.request(`/stream?${query}`, { headers });
  const open = async (query: string, headers: Record<string, string> = {}) => {
    const events = new Events(await request(query, headers));
    assert.deepEqual(await events.next(), { retry: "3000" });
    return events;
  };
  const pass = (ms: number) => {
    hub.pass(ms);
    streams.tend(hub.now);
  };
  return { hub, faults, request, open, pass };
}

describe("GET /stream", () => {
  test("Each frame is an event as on a WebSocket, with the position as its id", async () => {
    const { hub, open, pass } = staged();
    hub.ticks({ symbol: "A", price: 1 });
    const socket = hub.join("symbol=A");
    const events = await open("symbol=A");
    hub.ticks({ symbol: "B" }, { symbol: "A", price: 2 });
    pass(10);
    const [subscribed, data] = socket.frames() as { position: string; seq: number }[];
    assert.deepEqual(await events.next(), { id: "k3f9:1", data: subscribed });
    assert.deepEqual(await events.next(), { id: "k3f9:3", data });
    assert.deepEqual([subscribed!.position, data!.seq], ["k3f9:1", 3]);
    const { headers } = events.response;
    assert.match(headers.get("content-type")!, /^text\/event-stream/);
    assert.equal(headers.get("cache-control"), "no-store");
    assert.equal(headers.get("x-accel-buffering"), "no");
  });

  test("A client that reconnects resumes after its last id", async () => {
    const { hub, open, pass } = staged();
    hub.ticks({ symbol: "A", price: 1 }, { symbol: "A", price: 2 }, { symbol: "A", price: 3 });
    const asks: [query: string, headers?: Record<string, string>][] = [
      ["symbol=A", { "last-event-id": "k3f9:1" }],
      ["symbol=A&lastEventId=k3f9:1"],
      ["symbol=A&from=k3f9:1"],
      // The browser's header is newer than the id in the address.
      ["symbol=A&from=k3f9:0&lastEventId=k3f9:0", { "last-event-id": "k3f9:1" }],
    ];
    for (const [query, headers] of asks) {
      const events = await open(query, headers);
      pass(10);
      const { id, data: subscribed } = await events.next();
      assert.deepEqual([id, subscribed.recovered], ["k3f9:1", true], query);
      const { data } = await events.next();
      assert.deepEqual(data.rows.map(({ seq }: { seq: number }) => seq), [2, 3], query);
      await events.leave();
    }
    const events = await open("symbol=A", { "last-event-id": "other:1" });
    const { id, data } = await events.next();
    assert.deepEqual([id, data.recovered], ["k3f9:3", false]);
  });

  test("Values and lists are sent as events too", async () => {
    const { hub, open, pass } = staged();
    hub.ticks({ symbol: "A", price: 1 });
    const values = await open("symbol=A&format=value");
    const lists = await open("format=list&every=10s", { "last-event-id": "k3f9:0" });
    hub.ticks({ symbol: "A", price: 2 }, { symbol: "A", price: 3 });
    pass(10_000);
    for (const value of [1, 2, 3]) assert.deepEqual(await values.next(), { data: { value } });
    for (const price of [1, 3]) assert.equal((await lists.next()).data[0].price, price);
  });

  test("A silent stream sends signs of life in the form of its protocol", async () => {
    const { open, pass } = staged({ heartbeatMs: 20_000 });
    const native = await open("symbol=A");
    const value = await open("symbol=A&format=value");
    await native.next();
    pass(14_750);
    pass(250);
    assert.equal((await native.next()).comment, "keep-alive");
    assert.equal((await value.next()).comment, "keep-alive");
    pass(5_000);
    assert.equal((await native.next()).data.op, "heartbeat");
    const short = staged({ heartbeatMs: 1_000 });
    const events = await short.open("symbol=A");
    await events.next();
    short.pass(1_000);
    assert.equal((await events.next()).data.op, "heartbeat");
  });

  test("A client that leaves is removed at once", async () => {
    const { hub, open, pass, faults } = staged();
    const events = await open("symbol=A");
    assert.deepEqual([hub.hub.sessionCount, hub.hub.cohortCount], [1, 1]);
    await events.leave();
    assert.deepEqual([hub.hub.sessionCount, hub.hub.cohortCount], [0, 0]);
    hub.ticks({ symbol: "A" });
    pass(60_000);
    assert.deepEqual(faults, []);
  });

  test("The server's end is an event with code and reason, and a time to reconnect", async () => {
    const { hub, open } = staged();
    const events = await open("symbol=A");
    await events.next();
    hub.hub.drain(() => 1_234);
    hub.hub.closeSome(1);
    const draining = await events.next();
    assert.deepEqual([draining.retry, draining.data.op], ["1234", "draining"]);
    const data = { code: 1012, reason: "The server restarts" };
    assert.deepEqual(await events.next(), { event: "close", data });
    assert.equal(await events.text(), undefined);
  });

  test("A client that does not read holds a limited number of bytes, and is disconnected", async () => {
    const { hub, open, pass } = staged({ bufferedBytesMax: 2_000, stalledMsMax: 30_000 });
    const events = await open("symbol=A&mode=latest");
    await events.next();
    const before = hub.hub.sessionCount;
    for (let round = 0; round < 1_000; round++) {
      hub.ticks({ symbol: "A", price: round });
      pass(20);
    }
    assert.deepEqual([before, hub.hub.sessionCount], [1, 1]);
    pass(15_000);
    assert.equal(hub.hub.sessionCount, 0);
    // The connection breaks off: unread data must not delay the end.
    await assert.rejects(async () => {
      while (await events.text() !== undefined);
    }, (error) => error === undefined || error instanceof Error);
  });

  test("A slow client gets everything that it asked for", async () => {
    const { hub, open, pass } = staged({ bufferedBytesMax: 2_000 });
    const events = await open("symbol=A");
    await events.next();
    for (let round = 0; round < 500; round++) {
      hub.ticks({ symbol: "A", price: round });
      pass(10);
    }
    const seqs: number[] = [];
    let last = 0;
    while (seqs.length < 500) {
      const { data } = await events.next();
      assert.equal(data.prev, last);
      last = data.seq;
      seqs.push(...data.rows.map(({ seq }: { seq: number }) => seq));
      pass(10);
    }
    assert.deepEqual(seqs, Array.from({ length: 500 }, (_, index) => index + 1));
  });

  test("A bad request is refused before the stream begins, and leaves nothing", async () => {
    const { hub, request } = staged({ patternsMax: 2 });
    const wrong: [query: string, code: string, words: RegExp][] = [
      ["", "bad_request", /say what, as in symbol=AAPL/],
      ["symbol=a%20b", "bad_symbol", /"a b"/],
      ["symbol=A&channel=bar:2m", "bad_channel", /2m/],
      ["symbol=A&every=10x", "bad_every", /"10x"/],
      ["symbol=A&every=2h", "bad_every", /the limit is 3600000/],
      ["symbol=A,B,C", "too_many_symbols", /the limit is 2$/],
      ["symbol=A&from=soon", "bad_from", /neither a position nor a time/],
      ["symbol=A&speed=-1", "bad_request", /speed/],
      ["symbol=A&lastEventId=-1h", "bad_last_event_id", /"-1h": it is no position/],
      ["format=value", "bad_symbol", /name one symbol/],
      ["format=list&every=x", "bad_every", /"x"/],
    ];
    for (const [query, code, words] of wrong) {
      assert.match(await refused(request(query), 400, code), words, query);
      assert.deepEqual([hub.hub.sessionCount, hub.hub.cohortCount], [0, 0], query);
    }
  });

  test("A full server refuses the stream", async () => {
    const { open, request } = staged({ sessionsMax: 1 });
    const events = await open("symbol=A");
    const response = await request("symbol=A");
    assert.equal(response.headers.get("retry-after"), "5");
    await refused(response, 503, "too_many_clients");
    await events.leave();
    await (await open("symbol=A")).leave();
  });

  test("A bad request is told what is wrong with it, also by a server without room", async () => {
    const { open, request } = staged({ sessionsMax: 1 });
    const events = await open("symbol=A");
    await refused(request("symbol=A&from=soon"), 400, "bad_from");
    await events.leave();
  });

  test("HEAD and another method open no session", async () => {
    const server = serve();
    const head = await server.request("/stream?symbol=A", { method: "HEAD" });
    assert.deepEqual([head.status, await head.text()], [200, ""]);
    const bad = await server.request("/stream?symbol=A&from=soon", { method: "HEAD" });
    assert.equal(bad.status, 400);
    await refused(server.request("/stream?symbol=A", { method: "POST" }), 405, "bad_method");
    assert.equal((await server.get<{ clients: number }>("/readyz")).clients, 0);
  });

  test("The stream is not compressed, and pages of allowed origins may read it", async () => {
    const response = await serve().request("/stream?symbol=A", {
      headers: { "accept-encoding": "gzip", "origin": "https://pro.openbb.co" },
    });
    assert.equal(response.headers.get("content-encoding"), null);
    assert.equal(
      response.headers.get("access-control-allow-origin"),
      "https://pro.openbb.co",
    );
    await response.body!.cancel();
  });
});

describe("GET /stream over the network", () => {
  const clients = async (http: string) => (await (await fetch(`${http}/readyz`)).json()).clients;

  test("A client gets ticks, and its session ends with its connection", async () => {
    const server = await startServer("--feed", "none", "--heartbeat", "300");
    const leave = new AbortController();
    const { signal } = leave;
    const events = new Events(await fetch(`${server.http}/stream?symbol=A`, { signal }));
    assert.match((await events.next()).retry!, /^\d{4}$/);
    assert.equal((await events.next()).data.op, "subscribed");
    const position = await send(server, [{ symbol: "A", price: 1 }]);
    let event = await events.next();
    while (event.data.op === "heartbeat") event = await events.next();
    assert.equal(event.id, position);
    assert.equal((await events.next()).data.op, "heartbeat");
    assert.equal(await clients(server.http), 1);
    leave.abort();
    await until("it is gone", () => clients(server.http), (count) => count === 0);
    await server.stop();
  });

  test("A server that stops ends its streams", async () => {
    const server = await startServer("--feed", "none");
    const events = new Events(await fetch(`${server.http}/stream?symbol=A&format=value`));
    await events.next();
    const stopped = server.stop();
    assert.equal((await events.next()).data.code, 1012);
    assert.equal(await events.text(), undefined);
    await stopped;
  });

  test("A client that stops reading is disconnected, and holds little until then", async () => {
    const server = await startServer("--feed", "none", "--stalled", "1s");
    const socket = net.connect(server.port, "127.0.0.1");
    socket.on("error", () => {});
    socket.write("GET /stream?channel=quote HTTP/1.1\r\nHost: localhost\r\n\r\n");
    await new Promise((done) => socket.once("data", done));
    socket.pause();
    const ticks = Array.from({ length: 2_000 }, (_, index) => ({ symbol: `S${index}`, price: 1 }));
    const clientsAfterMore = async () => {
      await send(server, ticks);
      return await clients(server.http);
    };
    await until("it is gone", clientsAfterMore, (count) => count === 0);
    socket.destroy();
    await server.stop();
  });
});
