import assert from "node:assert/strict";
import { connect, type Socket } from "node:net";
import { after, before, describe, it } from "node:test";
import { Client } from "../helpers/client.ts";
import { ServerProcess } from "../helpers/process.ts";
import { RawClient } from "../helpers/raw_client.ts";
import { figureOf, send, startServer, type TestServer } from "../helpers/server.ts";
import { until } from "../helpers/until.mjs";

const ON_BUN = "Bun" in globalThis;

async function clientsOf({ http }: { http: string }): Promise<number> {
  return (await (await fetch(`${http}/readyz`)).json()).clients;
}

describe("Hostile input over real sockets", () => {
  let server: TestServer;
  let neighbour: Client;
  let price = 0;

  before(async () => {
    server = await startServer("--feed", "none");
    neighbour = await Client.connect(`${server.ws}/ws?symbol=A`);
    await neighbour.next(({ op }) => op === "subscribed");
  });

  after(async () => {
    await server.stop();
    assert.deepEqual(server.log, []);
  });

  async function neighbourIsServed(): Promise<void> {
    await send(server, [{ symbol: "A", price: ++price }]);
    const { rows } = await neighbour.next(({ op }) => op === "data");
    assert.equal(rows[0].price, price);
  }

  for (
    const [name, length] of [["just over the limit", 65_537], ["of 20 MB", 20_000_000]] as const
  ) {
    it(`answers a frame ${name} with an error and goes on`, async () => {
      const client = await Client.connect(`${server.ws}/ws`);
      client.sendText(" ".repeat(length));
      const error = await client.next();
      assert.equal(error.op, "error");
      assert.equal(error.code, "too_large");
      client.send({ op: "ping", id: 1 });
      assert.equal((await client.next()).op, "pong");
      await client.close();
      await neighbourIsServed();
    });
  }

  it("reads a frame at the limit", async () => {
    const client = await Client.connect(`${server.ws}/ws`);
    client.sendText(JSON.stringify({ op: "ping", id: 1 }).padEnd(65_536));
    assert.equal((await client.next()).op, "pong");
    await client.close();
  });

  it("takes nothing of a body that breaks off, and does not log an error of its own", async () => {
    const half: [headers: string, body: string][] = [
      ["Content-Length: 1000", '{"symbol":"A","price":1}\n{"sym'],
      ["Transfer-Encoding: chunked", '1b\r\n{"symbol":"A","price":1}\n{"sy\r\n'],
      ["Content-Length: 1000\r\nContent-Encoding: gzip", "\x1f\x8b\x08\x00"],
    ];
    const { length } = server.log;
    const ended: Socket[] = [];
    const { position } = await (await fetch(`${server.http}/readyz`)).json();
    for (
      const path of ["POST /ticks", "POST /write", "PUT /symbols/A", "POST /kraken/0/public/Ticker"]
    ) {
      for (const [headers, body] of half) {
        for (const leave of ["end", "resetAndDestroy"] as const) {
          const socket = connect(server.port, "127.0.0.1");
          socket.on("error", () => {}).resume();
          await new Promise((resolve) => socket.once("connect", resolve));
          const type = "Content-Type: application/x-ndjson";
          socket.write(
            `${path} HTTP/1.1\r\nHost: localhost\r\n${type}\r\n${headers}\r\n\r\n${body}`,
            "latin1",
          );
          // An answer to another request shows that the server has begun to read.
          await fetch(`${server.http}/healthz`);
          socket[leave]();
          if (leave === "end") ended.push(socket);
        }
      }
    }
    const open = () => ended.filter(({ closed }) => !closed).length;
    await until("the server has ended them", open, (count) => count === 0);
    assert.deepEqual(server.log.slice(length), []);
    assert.equal((await (await fetch(`${server.http}/readyz`)).json()).position, position);
    await neighbourIsServed();
  });

  it("closes with 4400 after a binary frame", async () => {
    const client = await Client.connect(`${server.ws}/ws`);
    client.sendBinary(new Uint8Array([1, 2, 3]));
    assert.equal((await client.closed()).code, 4400);
    await neighbourIsServed();
  });

  // Deno itself ends these connections, without a close frame.
  const frames: [string, () => string | Uint8Array, number][] = [
    ["that is not UTF-8", () => new Uint8Array([0x7b, 0xff, 0xfe, 0x7d]), 1007],
    ["of 80 MB", () => " ".repeat(80_000_000), 1009],
  ];
  for (const [name, payload, code] of frames) {
    it(`ends the connection after a text frame ${name}, and no other`, async () => {
      const client = await RawClient.connect(server.port, "/ws");
      client.send(payload());
      assert.equal(await client.closeCode(), ON_BUN ? code : undefined);
      client.destroy();
      await neighbourIsServed();
    });
  }

  it("ends a connection that floods it with commands, while others are served", async () => {
    const flooded = await startServer("--feed", "none", "--commands-max", "20");
    const client = await Client.connect(`${flooded.ws}/ws`);
    const other = await Client.connect(`${flooded.ws}/ws`);
    for (let id = 0; id < 20_000; id++) client.send({ op: "subscribe", id, symbols: [`S${id}`] });
    other.send({ op: "ping", id: "neighbour" });
    assert.equal((await other.next()).id, "neighbour");
    const { code } = await client.closed();
    // Frames on the way during the server's close can make the network drop its close frame.
    assert.ok([4429, 1006, 0].includes(code), `closed with ${code}`);
    await other.close();
    await flooded.stop();
    assert.deepEqual(flooded.log, []);
  });

  it("refuses frames nested too deeply on every socket, and goes on", async () => {
    const deep = "[".repeat(30_000) + "]".repeat(30_000);
    const frames = [
      `{"op":${deep}}`,
      `{"method":"subscribe","params":{"channel":"ticker","symbol":[${deep}]}}`,
      `{"event":"subscribe","pair":["A/B"],"subscription":${deep}}`,
      `{"ticks":[${deep}]}`,
      `[{"symbol":"A","price":${deep}}]`,
    ];
    for (const path of ["/ws", "/kraken", "/kraken/v2", "/ticks"]) {
      const client = await Client.connect(server.ws + path);
      for (const frame of frames) client.sendText(frame);
      const isAnswer = (message: { channel?: string; event?: string }) =>
        message.channel !== "status" && message.event !== "systemStatus";
      for (const _ of frames) await client.next(isAnswer);
      await client.close();
    }
    await neighbourIsServed();
  });

  it("refuses a batch that is nested deeply in words", async () => {
    const deep = "[".repeat(100_000) + "]".repeat(100_000);
    for (const body of [deep, `[{"symbol":"A","price":${deep}}]`]) {
      const headers = { "content-type": "application/json" };
      const response = await fetch(`${server.http}/ticks`, { method: "POST", headers, body });
      assert.equal((await response.json()).code, "bad_tick");
    }
  });

  it("keeps nothing of clients that left, for any subscriptions", async () => {
    const paths = ["/ws?symbol=*", "/ws?symbol=A&format=value", "/ws?format=list", "/kraken/v2"];
    for (let round = 0; round < 10; round++) {
      const clients = await Promise.all(
        Array.from({ length: 20 }, (_, each) => RawClient.connect(server.port, paths[each % 4]!)),
      );
      for (const [index, client] of clients.entries()) {
        client.send(`{"op":"subscribe","symbols":["S${index}"],"channel":"quote","from":"-1h"}`);
        client.destroy();
      }
      for (const each of ["symbol=*", "symbol=A&from=-1h"]) {
        const gone = new AbortController();
        await fetch(`${server.http}/stream?${each}`, { signal: gone.signal });
        gone.abort();
      }
    }
    const left = () => Promise.all(["clients", "cohorts"].map((name) => figureOf(server, name)));
    await until("only the neighbour is left", left, (counts) => counts.join() === "1,1");
    await neighbourIsServed();
  });

  it("refuses a WebSocket from a foreign origin and logs it once", async () => {
    for (let attempt = 0; attempt < 2; attempt++) {
      const response = await fetch(`${server.http}/ws`, {
        headers: { upgrade: "websocket", connection: "upgrade", origin: "https://evil.example" },
      }).catch(() => undefined);
      // If fetch cannot request an upgrade on this runtime, the route answers as plain HTTP.
      if (response !== undefined) assert.ok(response.status >= 400);
      await response?.body?.cancel();
    }
    const refused = server.log.filter((line) => line.includes("https://evil.example"));
    assert.ok(refused.length <= 1);
    (server.log as string[]).length = 0;
  });
});

describe("Requests that no library would send", () => {
  let server: TestServer;

  before(async () => {
    server = await startServer("--feed", "none");
  });

  after(async () => {
    await server.stop();
    assert.deepEqual(server.log, []);
  });

  const chunked = "Transfer-Encoding: chunked\r\nContent-Type: application/json\r\n";
  const socket = "Connection: Upgrade\r\nUpgrade: websocket\r\n";
  const key = "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n";
  const bodies = ["POST /ticks", "POST /write", "PUT /symbols/A", "POST /kraken/0/public/Ticker"];
  const requests: [string, RegExp][] = [
    ["GET /snapshot?symbol=A HTTP/1.1\r\nHost: a b\r\n\r\n", /^HTTP\/1.1 400 .*bad_request/s],
    [`GET /ws HTTP/1.1\r\nHost: a b\r\n${socket}${key}\r\n`, /^HTTP\/1.1 400 .*bad_request/s],
    [
      `GET /ws HTTP/1.1\r\nHost: localhost\r\n${socket}\r\n`,
      /^HTTP\/1.1 400 .*not a WebSocket handshake/s,
    ],
    // The runtimes end these connections, Bun after an answer of its own.
    ...bodies.map((start): [string, RegExp] => [
      `${start} HTTP/1.1\r\nHost: localhost\r\n${chunked}\r\nZZ\r\n[]\r\n0\r\n\r\n`,
      /^$|^HTTP\/1.1 400 /,
    ]),
    ...bodies.map((start): [string, RegExp] => [
      `${start} HTTP/1.1\r\nHost: localhost\r\nContent-Length: 9\r\n\r\n[]`,
      /^$|^HTTP\/1.1 (?:4|200 .*EGeneral:Invalid arguments)/s,
    ]),
  ];
  for (const [request, answer] of requests) {
    it(`are the client's fault: ${JSON.stringify(request.slice(0, 40))}`, async () => {
      const connection = connect(server.port, "127.0.0.1");
      let answered = "";
      connection.on("data", (bytes) => answered += bytes).on("error", () => {});
      connection.write(request);
      const isAnswered = () => answered !== "" && answer.test(answered);
      if (answer.test("")) connection.end();
      await until("it is answered or ended", () => isAnswered() || connection.closed);
      assert.match(answered, answer);
      connection.destroy();
      assert.equal((await fetch(`${server.http}/healthz`)).status, 200);
    });
  }
});

describe("A client that does not read", () => {
  it("is closed with 4408 in mode all, or dropped, and uses no more memory than its limit", async () => {
    const server = await startServer("--feed", "none", "--stalled", "1s");
    const reader = await Client.connect(`${server.ws}/ws?symbol=*&channel=tick`);
    const stalled = await RawClient.connect(server.port, "/ws?symbol=*&channel=tick");
    await stalled.next();
    stalled.pause();
    await reader.next(({ op }) => op === "subscribed");
    const ticks = Array.from({ length: 1_000 }, (_, i) => ({ symbol: "A", price: i }));
    // The network takes some megabytes before it is full.
    const clientsAfterMore = async () => {
      await send(server, ticks);
      for (let received = 0; received < ticks.length;) {
        const { rows } = await reader.next(({ op }) => op === "data");
        received += rows.length;
      }
      return clientsOf(server);
    };
    await until("only the reader is left", clientsAfterMore, (count) => count === 1);
    stalled.resume();
    const code = await stalled.closeCode();
    assert.ok(code === 4408 || code === undefined, `closed with ${code}`);
    await reader.close();
    await server.stop();
  });

  it("causes no log line when it breaks off a stream of events", async () => {
    const flags = ["--feed", "synthetic:?rate=100000&history=0", "--tape", "memory"];
    const server = await ServerProcess.start(...flags, "--stalled", "300ms", "--drain", "0");
    const socket = connect(Number(server.http.split(":")[2]), "127.0.0.1");
    socket.on("error", () => {});
    socket.write("GET /stream?symbol=* HTTP/1.1\r\nHost: localhost\r\n\r\n");
    await new Promise((resolve) => socket.once("data", resolve));
    socket.pause();
    await until("it is let go", () => clientsOf(server), (count) => count === 0);
    socket.destroy();
    await server.end("SIGTERM");
    const lines = server.log.trim().split("\n").map((line) => line.split(" info  ")[1]);
    assert.match(lines.shift()!, /serves on/);
    assert.deepEqual(lines, ["Stopping"]);
  });

  it("gets the newest rows in mode latest once it reads again, with the number of missed updates", async () => {
    const server = await startServer("--feed", "none");
    const path = "/ws?symbol=*&channel=quote&mode=latest";
    const reader = await Client.connect(server.ws + path);
    const stalled = await RawClient.connect(server.port, path);
    await stalled.next();
    stalled.pause();
    const symbols = Array.from({ length: 500 }, (_, i) => `SYMBOL-NUMBER-${i}`);
    let position = "";
    for (let round = 0; round < 100; round++) {
      position = await send(server, symbols.map((symbol) => ({ symbol, price: round })));
      const last = Number(position.split(":")[1]);
      await reader.next(({ op, seq }) => op === "data" && seq === last);
    }
    stalled.resume();
    const prices = new Map<string, number>();
    let merged = 0;
    let seq: number | undefined;
    while (seq !== Number(position.split(":")[1])) {
      const { payload, opcode } = (await stalled.next())!;
      assert.equal(opcode, 1);
      const frame = JSON.parse(payload.toString());
      if (frame.op !== "data") continue;
      if (seq !== undefined) assert.equal(frame.prev, seq);
      seq = frame.seq;
      merged += frame.merged ?? 0;
      for (const { symbol, price } of frame.rows) prices.set(symbol, price);
    }
    assert.ok(merged > 0);
    assert.equal(prices.size, 500);
    for (const price of prices.values()) assert.equal(price, 99);
    stalled.destroy();
    await reader.close();
    await server.stop();
  });
});
