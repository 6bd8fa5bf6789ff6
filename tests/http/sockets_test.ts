import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { Socket } from "../../src/hub/socket.ts";
import { BASE, NOW, refused, serve, type TestApp } from "./serve.ts";

const upgrade = (server: TestApp, path: string, headers: Record<string, string> = {}) =>
  server.app.upgrade(new Request(BASE + path, { headers: { upgrade: "websocket", ...headers } }));

/** Opens a socket and collects its messages. */
function connect(server: TestApp, path: string) {
  const frames: Record<string, unknown>[] = [];
  const closes: [number, string][] = [];
  const socket: Socket = {
    buffered: 0,
    send: (text) => void frames.push(JSON.parse(text)),
    close: (code, reason) => void closes.push([code, reason]),
  };
  const accept = upgrade(server, path);
  assert.ok(typeof accept === "function");
  return { frames, closes, connection: accept(socket) };
}

describe("Upgrade to a WebSocket", () => {
  test("Without an origin, from the page's own or from a listed one it is accepted", () => {
    const server = serve();
    for (
      const headers of [
        {},
        { origin: "http://localhost:5050", host: "localhost:5050" },
        { origin: "https://localhost:5050", host: "localhost:5050" },
        { origin: "https://pro.openbb.co" },
        { origin: "https://app.lowcoder.cloud" },
      ]
    ) assert.equal(typeof upgrade(server, "/ws", headers), "function", JSON.stringify(headers));
    assert.deepEqual(server.warnings, []);
  });

  test("From another origin it is 403 as JSON, logged once with the flag", async () => {
    const server = serve();
    for (let count = 0; count < 3; count++) {
      const response = upgrade(server, "/ws", { origin: "https://stranger.example" });
      assert.ok(response instanceof Response);
      const detail = await refused(response, 403, "bad_origin");
      assert.match(detail, /https:\/\/stranger\.example/);
    }
    assert.equal(server.warnings.length, 1);
    assert.match(server.warnings[0]!, /--origin https:\/\/stranger\.example/);
    assert.ok(upgrade(server, "/ws", { origin: "null" }) instanceof Response);
    assert.equal(server.warnings.length, 2);
  });

  test("From any origin it is accepted with --origin *", () => {
    const server = serve("--origin", "*");
    assert.equal(typeof upgrade(server, "/ws", { origin: "https://stranger.example" }), "function");
  });

  test("At an unknown path it is 404 as JSON with the right path", async () => {
    const server = serve();
    for (const path of ["/", "/wss", "/ws/", "/snapshot", "/kraken/v3"]) {
      const response = upgrade(server, path);
      assert.ok(response instanceof Response, path);
      assert.match(await refused(response, 404, "not_found"), /\/ws/);
    }
  });

  test("An accepted socket subscribes by its address or by its first frame", async () => {
    const server = serve();
    await server.send({ symbol: "A", price: 7 });
    const value = connect(server, "/ws?symbol=A&format=value");
    assert.deepEqual(value.frames, [{ value: 7 }]);
    const quote = connect(server, "/ws?symbol=A&channel=quote");
    assert.equal(quote.frames[0]!["op"], "subscribed");
    const silent = connect(server, "/ws");
    assert.deepEqual(silent.frames, []);
    silent.connection.receive('{"op":"ping","id":1}');
    assert.deepEqual(silent.frames, [{ op: "pong", id: 1, time: NOW }]);
    const clients = (await server.get<{ clients: number }>("/readyz")).clients;
    assert.equal(clients, 3);
    for (const { connection } of [value, quote, silent]) connection.closed();
    assert.equal((await server.get<{ clients: number }>("/readyz")).clients, 0);
  });

  test("A posted tick reaches the sockets that subscribe to it", async () => {
    const server = serve();
    const { frames } = connect(server, "/ws?symbol=A&format=value");
    await server.send({ symbol: "A", price: 1 }, { symbol: "B", price: 2 });
    assert.deepEqual(frames, [{ value: 1 }]);
  });

  test("A bad address and a binary frame close the socket with 4400", () => {
    const server = serve();
    const bad = connect(server, "/ws?format=value");
    assert.deepEqual(bad.frames, []);
    assert.equal(bad.closes[0]![0], 4400);
    const binary = connect(server, "/ws");
    binary.connection.receiveBinary();
    assert.equal(binary.closes[0]![0], 4400);
  });

  test("One client too many is closed with 4429", () => {
    const server = serve("--sessions-max", "2");
    const [first, second, third] = [1, 2, 3].map(() => connect(server, "/ws?symbol=A"));
    assert.deepEqual([first!.closes, second!.closes], [[], []]);
    assert.deepEqual(third!.closes.map(([code]) => code), [4429]);
    assert.deepEqual(third!.frames, []);
    first!.connection.closed();
    assert.deepEqual(connect(server, "/ws?symbol=A").closes, []);
  });

  test("An internal error when a socket opens is logged, closes that socket, and leaves no session", async () => {
    const server = serve();
    const closes: number[] = [];
    const socket: Socket = {
      buffered: 0,
      send: () => {
        throw new Error("failed");
      },
      close: (code) => void closes.push(code),
    };
    const accept = upgrade(server, "/ws?symbol=A");
    assert.ok(typeof accept === "function");
    accept(socket).closed();
    assert.deepEqual(closes, [1012]);
    assert.equal(server.faults.length, 1);
    assert.equal((await server.get<{ clients: number }>("/readyz")).clients, 0);
  });

  test("Clients are told of a stop and closed with 1012", async () => {
    const server = serve();
    const { frames, closes } = connect(server, "/ws?symbol=A");
    await server.app.stop();
    assert.deepEqual(frames.at(-1), { op: "draining", reconnectAfter: 0 });
    assert.deepEqual(closes.map(([code]) => code), [1012]);
  });
});
