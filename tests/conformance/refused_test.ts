import assert from "node:assert/strict";
import { after, describe, it } from "node:test";
import { CommandError } from "../../src/terminal/server.ts";
import { watch } from "../../src/terminal/watch.ts";
import { type Client, connect, type State } from "../../static/client.js";
import { Room } from "../../static/room.js";
import { feedOf } from "../helpers/feeds.ts";
import { freePort } from "../helpers/free_port.mjs";
import { startServer, type TestServer } from "../helpers/server.ts";
import { until } from "../helpers/until.mjs";
import { FakeTerminal } from "../terminal/fake_terminal.ts";

const timeout = 60_000;
const LOCKED = ["--feed", "none", "--read-key", "reader-key", "--write-key", "writer-key"];
const closing: (() => unknown)[] = [];
after(async () => {
  for (const close of closing.reverse()) await close();
});

async function start(...flags: string[]): Promise<TestServer> {
  const server = await startServer(...flags);
  closing.push(() => server.stop());
  return server;
}

/** A client that counts its attempts. */
function clientOf(url: () => string) {
  const sockets: WebSocket[] = [];
  class Socket extends WebSocket {
    constructor(url: string) {
      super(url);
      sockets.push(this);
    }
  }
  const client: Client = connect(url, { WebSocket: Socket, random: () => 0.1 });
  closing.push(() => client.close());
  return { client, sockets };
}

type Refused = Extract<State, { kind: "refused" }>;
const refusal = async (client: Client) =>
  await until(
    "the client is refused",
    () => client.state,
    ({ kind }) => kind === "refused",
  ) as Refused;

describe("The client, when its socket is refused before it opens", () => {
  it("ends with the code and the reason, and goes on after a retry with a valid key", {
    timeout,
  }, async () => {
    const server = await start(...LOCKED);
    let key = "";
    const { client, sockets } = clientOf(() => `${server.ws}/ws?${key}`);
    const without = await refusal(client);
    assert.equal(without.code, 4401);
    assert.match(without.reason, /without a key: send one as /);
    key = "key=nonsense";
    client.retry();
    assert.equal(client.state.kind, "connecting");
    const wrong = await refusal(client);
    assert.deepEqual(wrong.code, 4401);
    assert.match(wrong.reason, /the server does not know the key$/);
    assert.equal(sockets.length, 2);
    key = "key=reader-key";
    client.retry();
    await until("the client is live", () => client.state, ({ kind }) => kind === "live");
  });

  it("reports a refused parameter and host too", { timeout }, async () => {
    const server = await start("--feed", "none");
    const misspelt = await refusal(clientOf(() => `${server.ws}/ws?symbl=A`).client);
    assert.equal(misspelt.code, 4400);
    assert.match(misspelt.reason, /did you mean symbol\?/);
    const open = ["--host", "0.0.0.0", "--allowed-host", "ticks.example", "--write-key", "w"];
    const other = await start("--feed", "none", ...open);
    const foreign = await refusal(clientOf(() => `ws://127.0.0.2:${other.port}/ws`).client);
    assert.equal(foreign.code, 4403);
    assert.match(foreign.reason, /host 127\.0\.0\.2: .*--allowed-host 127\.0\.0\.2 /);
  });

  it("notices when a server returns with a key", { timeout }, async () => {
    const port = await freePort();
    const open = await startServer("--port", String(port), "--feed", "none");
    const { client } = clientOf(() => `ws://127.0.0.1:${port}/ws`);
    await until("the client is live", () => client.state, ({ kind }) => kind === "live");
    await open.stop();
    await until("the client is waiting", () => client.state, ({ kind }) => kind === "waiting");
    await start("--port", String(port), ...LOCKED);
    assert.equal((await refusal(client)).code, 4401);
  });

  it("keeps trying while no server is there", { timeout }, async () => {
    const port = await freePort();
    const { client, sockets } = clientOf(() => `ws://127.0.0.1:${port}/ws`);
    await until("it has tried again", () => sockets.length, (count) => count >= 3);
    await start("--port", String(port), "--feed", "none");
    await until("the client is live", () => client.state, ({ kind }) => kind === "live");
  });
});

describe("A relay that is refused", () => {
  it("fails for good, with the reason and without its key", { timeout }, async () => {
    const upstream = await start(...LOCKED);
    const server = await start("--feed", `tickwire:${upstream.ws}/ws?symbols=*&key=nonsense`);
    const { state, error, retries } = await until(
      "the feed has ended",
      () => feedOf(server),
      ({ state }) => state === "failed",
    );
    assert.deepEqual([state, retries], ["failed", 0]);
    assert.match(error!, /^127\.0\.0\.1:\d+ refuses: .*does not know the key$/);
    assert.equal((await fetch(`${server.http}/readyz`)).status, 503);
    const lines = server.log.filter((line) => /Feed .* failed/.test(line));
    assert.equal(lines.length, 1);
    assert.match(lines[0]!, /does not know the key$/);
    assert.doesNotMatch(server.log.join("\n") + error, /nonsense/);
  });
});

describe("tickwire watch that is refused", () => {
  it("ends in words, also with --json", { timeout }, async () => {
    const { http: url } = await start(...LOCKED);
    for (const key of [undefined, "nonsense"]) {
      const options = { url, key, symbols: [], once: false, json: true, every: 50 };
      await assert.rejects(watch(new FakeTerminal(), options), (error: Error) => {
        assert.ok(error instanceof CommandError);
        assert.match(error.message, /^Cannot watch: .*; give it with --key$/);
        return true;
      });
    }
  });
});

describe("A room that is refused", () => {
  it("is not retried for ever, and is entered with a valid key", { timeout }, async () => {
    const server = await start(...LOCKED);
    let key = "reader-key";
    let attempts = 0;
    class Socket extends WebSocket {
      constructor(url: string) {
        super(url);
        attempts++;
        closing.push(() => this.close());
      }
    }
    const room = new Room({
      url: () => `${server.ws}/rooms/desk?key=${key}`,
      id: "a",
      name: "A",
      WebSocket: Socket,
      now: Date.now,
      adopt: () => {},
    });
    const reason = () => {
      room.tick();
      return room.refusal;
    };
    assert.match(
      await until("there is a reason", reason, (text) => text !== ""),
      /with a key that only reads$/,
    );
    const before = attempts;
    for (let count = 0; count < 100; count++) room.tick();
    assert.equal(attempts, before);
    key = "writer-key";
    room.retry();
    await until("it is in the room", () => (room.tick(), room.isJoined), (isJoined) => isJoined);
    assert.equal(room.refusal, "");
  });
});
