import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { Client } from "../helpers/client.ts";
import { RawClient } from "../helpers/raw_client.ts";
import { figureOf, send, startServer, type TestServer } from "../helpers/server.ts";
import { until } from "../helpers/until.mjs";

/** Waits, because a socket can be open for its client before the server has added the client. */
function inRooms(server: TestServer, count: number): Promise<number> {
  const read = () => figureOf(server, "room_clients");
  return until(`${count} are in rooms`, read, (found) => found === count);
}

describe("Rooms over real sockets", () => {
  let server: TestServer;
  before(async () => {
    server = await startServer("--feed", "none");
  });
  after(() => server.stop());

  it("pass each client's messages to every other client, and the newest to newcomers", async () => {
    const url = `${server.ws}/rooms/desk`;
    const [one, two, three] = [
      await Client.connect(url),
      await Client.connect(url),
      await Client.connect(url),
    ];
    await inRooms(server, 3);
    one.send({ cell: "B2", value: 7 });
    assert.deepEqual(await two.next(), { cell: "B2", value: 7 });
    assert.deepEqual(await three.next(), { cell: "B2", value: 7 });
    two.send(["second"]);
    three.send(["third"]);
    const order = [await one.next(), await one.next()];
    assert.deepEqual(order.sort(), [["second"], ["third"]]);
    const late = await Client.connect(url);
    assert.deepEqual(await late.next(), order.at(-1));
    assert.deepEqual([await two.next(), await three.next()], [["third"], ["second"]]);
    const elsewhere = await Client.connect(`${server.ws}/rooms/other%2Froom`);
    const witness = await Client.connect(`${server.ws}/rooms/other%2Froom`);
    await inRooms(server, 6);
    elsewhere.send({});
    await witness.next();
    // A last message proves that no other was on its way or came back.
    one.send(["end"]);
    for (const client of [two, three, late]) assert.deepEqual(await client.next(), ["end"]);
    two.send(["really"]);
    for (const client of [one, three, late]) assert.deepEqual(await client.next(), ["really"]);
    for (const client of [one, two, three, late, elsewhere, witness]) await client.close();
    const morning = await Client.connect(url);
    assert.deepEqual(await morning.next(), ["really"]);
    await morning.close();
    await inRooms(server, 0);
  });

  it("close the sender of a bad message, and disturb no other client", async () => {
    const url = `${server.ws}/rooms/hostile`;
    const neighbours = [await Client.connect(url), await Client.connect(url)] as const;
    await inRooms(server, 2);
    const grid = await Client.connect(`${server.ws}/ws?symbol=A&format=value`);
    const wrong: [send: (client: Client) => void, code: number][] = [
      [(client) => client.sendText("nonsense"), 4400],
      [(client) => client.sendText('"text"'), 4400],
      [(client) => client.sendText("null"), 4400],
      [(client) => client.sendBinary(new TextEncoder().encode("{}")), 4400],
      [(client) => client.sendText("[]".padEnd(16_385)), 4400],
      [(client) => client.sendText("[".repeat(16_000)), 4400],
      [(client) => client.sendText(`[${" ".repeat(20_000_000)}]`), 4400],
    ];
    for (const [act, code] of wrong) {
      const client = await Client.connect(url);
      act(client);
      const closed = await client.closed();
      assert.equal(closed.code, code);
      assert.match(closed.reason, /^Cannot pass on /);
    }
    neighbours[0].send({ fine: true });
    assert.deepEqual(await neighbours[1].next(), { fine: true });
    await send(server, [{ symbol: "A", price: 1 }]);
    assert.deepEqual(await grid.next(), { value: 1 });
    for (const client of [...neighbours, grid]) await client.close();
  });

  it("send nothing when the server stops, and close with 1012", async () => {
    const stopping = await startServer("--feed", "none");
    const client = await Client.connect(`${stopping.ws}/rooms/desk`);
    await inRooms(stopping, 1);
    await stopping.stop();
    assert.equal((await client.closed()).code, 1012);
    assert.deepEqual(client.drain(), []);
  });
});

describe("A client of a room that does not read", () => {
  const flags = ["--feed", "none", "--buffered-max", "65536"];
  const TEXT = "x".repeat(16_000);
  const MESSAGES = 2_000;

  /** Sends more than the network holds while others read. @returns the number of bytes they got */
  async function sendMuch(server: TestServer): Promise<number> {
    const url = `${server.ws}/rooms/desk`;
    const [sender, reader] = [await Client.connect(url), await Client.connect(url)];
    await inRooms(server, 3);
    let [seen, given] = [0, 0];
    for (let count = 1; count <= MESSAGES; count++) {
      sender.send({ count, TEXT });
      for (; count % 10 === 0 && seen < count; given++) seen = (await reader.next()).count;
    }
    await sender.close();
    await reader.close();
    return given;
  }

  it("gets the newest message once it reads again", async () => {
    const server = await startServer(...flags);
    const slow = await RawClient.connect(server.port, "/rooms/desk");
    slow.pause();
    const given = await sendMuch(server);
    slow.resume();
    let received = 0;
    let last = 0;
    while (last < MESSAGES) {
      const { opcode, payload } = (await slow.next())!;
      if (opcode !== 1) continue;
      const { count } = JSON.parse(payload.toString());
      assert.ok(count > last);
      last = count;
      received++;
    }
    assert.ok(received < given, `the network held all ${given}`);
    slow.destroy();
    await server.stop();
  });

  it("is closed with 4408, or dropped, when it does not", async () => {
    const server = await startServer(...flags, "--stalled", "1s");
    const stalled = await RawClient.connect(server.port, "/rooms/desk");
    stalled.pause();
    await sendMuch(server);
    await inRooms(server, 0);
    stalled.resume();
    const code = await stalled.closeCode();
    assert.ok(code === 4408 || code === undefined, `closed with ${code}`);
    await server.stop();
  });
});

describe("Keys over real sockets", () => {
  it("accept clients with a key, nobody else, and are not logged", async () => {
    const keys = ["--read-key", "reader-key", "--write-key", "writer-key"];
    const server = await startServer("--feed", "none", ...keys);
    const connects = (path: string) =>
      Client.connect(server.ws + path).then(async (client) => {
        await client.close();
        return true;
      }, () => false);
    assert.equal(await connects("/ws?symbol=A"), false);
    assert.equal(await connects("/ws?symbol=A&key=nonsense"), false);
    assert.equal(await connects("/rooms/desk?key=reader-key"), false);
    assert.equal(await connects("/ws?symbol=A&key=reader-key"), true);
    assert.equal(await connects("/rooms/desk?key=writer-key"), true);
    const refused = await fetch(`${server.http}/widgets.json`);
    assert.equal(refused.status, 401);
    await refused.body?.cancel();
    // As Workspace does: a header for HTTP, and for the WebSocket only its address.
    const headers = { "x-api-key": "reader-key" };
    const widgets = await (await fetch(`${server.http}/widgets.json`, { headers })).json();
    assert.equal(await connects(`/${widgets.quotes.wsEndpoint}`), true);
    await server.stop();
    assert.doesNotMatch(server.log.join("\n"), /reader-key|writer-key/);
  });
});
