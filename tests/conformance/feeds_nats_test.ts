import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, describe, test } from "node:test";
import { connect, type NatsConnection } from "@nats-io/transport-node";
import { Broker, lacks } from "../helpers/broker.ts";
import { feedOf } from "../helpers/feeds.ts";
import { freePort } from "../helpers/free_port.mjs";
import { startServer, type TestServer } from "../helpers/server.ts";
import { until } from "../helpers/until.mjs";

const timeout = 120_000;
const skip = lacks("nats-server");
const folder = mkdtempSync(join(tmpdir(), "tickwire-nats-"));
const open: (() => Promise<unknown>)[] = [];
after(async () => {
  for (const close of open.splice(0).reverse()) await close();
  rmSync(folder, { recursive: true });
});

/** A server at which `me` may only subscribe to quotes. */
async function brokerWith(): Promise<{ broker: Broker; host: string }> {
  const port = await freePort();
  const path = join(folder, `${port}.conf`);
  const users = [
    '{user: me, password: "s&c=r+t", permissions: {subscribe: ["quotes.>"]}}',
    "{user: all, password: all}",
  ];
  writeFileSync(
    path,
    `host: 127.0.0.1\nport: ${port}\nauthorization: {users: [${users.join(", ")}]}\n`,
  );
  const broker = new Broker("nats-server", ["-c", path], port);
  await broker.start();
  open.push(() => broker.end());
  return { broker, host: `127.0.0.1:${port}` };
}

async function sender(host: string): Promise<NatsConnection> {
  const connection = await connect({ servers: host, user: "all", pass: "all" });
  open.push(() => connection.close());
  return connection;
}

async function serverOf(feed: string): Promise<TestServer> {
  const server = await startServer("--feed", feed);
  open.push(() => server.stop());
  return server;
}

const runs = (server: TestServer) =>
  until("the feed runs", () => feedOf(server), ({ state }) => state === "running");

async function ticksOf({ http }: TestServer): Promise<string[]> {
  const ticks = await (await fetch(`${http}/ticks?from=0`)).json();
  return ticks.map(({ symbol, price }: { symbol: string; price: number }) => `${symbol} ${price}`);
}

describe("The NATS feed", { skip }, () => {
  test(
    "Numbers and JSON have their subjects as symbols, or symbols made from these",
    { timeout },
    async () => {
      const { host } = await brokerWith();
      const plain = await serverOf(`nats:nats://all:all@${host}?subject=quotes.*.x&subject=odd`);
      const named = await serverOf(
        `nats:nats://${host}?subject=quotes.>&symbol={1}&map=price:p&user=me&password=s%26c=r%2Bt`,
      );
      await Promise.all([runs(plain), runs(named)]);
      const connection = await sender(host);
      connection.publish("quotes.a.x", "1.5");
      connection.publish("quotes.b.x", '[{"p":2,"price":3},{"p":3,"price":4}]');
      connection.publish("odd", '{"bid":1,"ask":2}');
      connection.publish("quotes.c", "{");
      await connection.flush();
      const expected = ["odd 1.5", "quotes.a.x 1.5", "quotes.b.x 3", "quotes.b.x 4"];
      const found = await until(
        "they are there",
        () => ticksOf(plain),
        ({ length }) => length === 4,
      );
      assert.deepEqual(found.sort(), expected);
      const own = await until("they are there", () => ticksOf(named), ({ length }) => length === 3);
      assert.deepEqual(own, ["a.x 1.5", "b.x 2", "b.x 3"]);
      await until("it is counted", () => feedOf(named), ({ leftOut }) => leftOut === 1);
      assert.match((await feedOf(plain)).name, /^nats:nats:\/\/…@127/);
    },
  );

  test("Refusals of the server are shown: a subject, a password, and a server that is down", {
    timeout,
  }, async () => {
    const { host, broker } = await brokerWith();
    const shows = async (feed: string, words: RegExp) => {
      const server = await serverOf(feed);
      await until(
        "the reason is shown",
        () => feedOf(server),
        ({ state, error }) => state === "retrying" && words.test(error ?? ""),
      );
    };
    const login = "user=me&password=s%26c=r%2Bt";
    await shows(`nats:nats://${host}?subject=secret.>&${login}`, /^The source refuses secret\.>: /);
    await shows(
      `nats:nats://${host}?subject=quotes.>&user=me&password=no`,
      /^Cannot reach the source: .*[Aa]uthorization/,
    );
    const server = await serverOf(`nats:nats://${host}?subject=quotes.>&${login}&symbol=Q`);
    await runs(server);
    const connection = await sender(host);
    connection.publish("quotes.q", "1");
    await connection.flush();
    await until("it is there", () => ticksOf(server), ({ length }) => length === 1);
    await broker.end();
    await until("the break is shown", () => feedOf(server), ({ state }) => state === "retrying");
    await broker.start();
    await runs(server);
    const again = await sender(host);
    again.publish("quotes.q", "2");
    await again.flush();
    await until("it is there", () => ticksOf(server), ({ length }) => length === 2);
    assert.ok(
      server.log.some((line) => /Missed what 127.* quotes\.> sent between/.test(line)),
    );
  });
});
