import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, describe, test } from "node:test";
import { connectAsync, type MqttClient } from "mqtt";
import { Broker, lacks } from "../helpers/broker.ts";
import { feedOf } from "../helpers/feeds.ts";
import { freePort } from "../helpers/free_port.mjs";
import { ServerProcess } from "../helpers/process.ts";
import { startServer, type TestServer } from "../helpers/server.ts";
import { until } from "../helpers/until.mjs";

const timeout = 120_000;
const skip = lacks("mosquitto") || lacks("mosquitto_passwd");
const folder = mkdtempSync(join(tmpdir(), "tickwire-mqtt-"));
const open: (() => Promise<unknown>)[] = [];
after(async () => {
  for (const close of open.splice(0).reverse()) await close();
  await ServerProcess.endAll();
  rmSync(folder, { recursive: true });
});

/** A broker with persistent sessions, in which `me` may read all but `secret/#`. */
async function brokerWith(): Promise<{ broker: Broker; url: string; port: number }> {
  const port = await freePort();
  const path = (name: string) => join(folder, `${port}.${name}`);
  spawnSync("mosquitto_passwd", ["-b", "-c", path("users"), "me", "s&c=r+t"]);
  writeFileSync(path("acl"), "topic readwrite plant/#\nuser me\ntopic readwrite plant/#\n");
  const settings = [
    `listener ${port} 127.0.0.1`,
    "allow_anonymous true",
    `password_file ${path("users")}`,
    `acl_file ${path("acl")}`,
    "persistence true",
    `persistence_location ${folder}/`,
    `persistence_file ${port}.db`,
    "autosave_interval 1",
    "autosave_on_changes true",
    "max_queued_messages 100000",
    "user root",
  ];
  writeFileSync(path("conf"), `${settings.join("\n")}\n`);
  const broker = new Broker("mosquitto", ["-c", path("conf")], port);
  await broker.start();
  open.push(() => broker.end());
  return { broker, url: `mqtt://127.0.0.1:${port}`, port };
}

async function sender(url: string): Promise<MqttClient> {
  const client = await connectAsync(url);
  open.push(() => client.endAsync(true));
  return client;
}

async function serverOf(feed: string): Promise<TestServer> {
  const server = await startServer("--feed", feed);
  open.push(() => server.stop());
  await until("the feed runs", () => feedOf(server), ({ state }) => state === "running");
  return server;
}

async function ticksOf({ http }: { http: string }) {
  const ticks = await (await fetch(`${http}/ticks?from=0&limit=100000`)).json();
  return ticks.map(({ symbol, price }: { symbol: string; price: number }) => `${symbol} ${price}`);
}

const arrived = (server: { http: string }, count: number) =>
  until("they are there", () => ticksOf(server), ({ length }) => length >= count);

describe("The MQTT feed", { skip }, () => {
  test(
    "Numbers and JSON have their topics as symbols, or symbols made from these",
    { timeout },
    async () => {
      const { url } = await brokerWith();
      const client = await sender(url);
      const plain = await serverOf(`mqtt:${url}?topic=plant/+/t&topic=plant/x/%23&where=ok:yes`);
      const named = await serverOf(
        `mqtt:${
          url.replace("//", "//me:s&c=r+t@")
        }?topic=plant/+/t&symbol={1}.temperature&map=price:v.now&qos=1`,
      );
      await client.publishAsync("plant/a b/t", "1");
      await client.publishAsync("plant/a/t", "21.5");
      await client.publishAsync("plant/b/t", '{"v":{"now":"22.5"},"ok":"yes","price":7}');
      await client.publishAsync("plant/x/y/z", '{"value":3,"ok":"no"}');
      await client.publishAsync("plant/x/y/z", '{"value":4,"ok":"yes"}');
      assert.deepEqual(await arrived(plain, 2), ["plant/b/t 7", "plant/x/y/z 4"]);
      assert.deepEqual(await arrived(named, 2), ["a.temperature 21.5", "b.temperature 22.5"]);
      assert.deepEqual([(await feedOf(plain)).leftOut, (await feedOf(named)).leftOut], [0, 1]);
      assert.match((await feedOf(named)).name, /mqtt:\/\/…@127/);
    },
  );

  test("Refusals of the broker are shown: a topic, a password, and a broker that is down", {
    timeout,
  }, async () => {
    const { url, broker } = await brokerWith();
    const shows = async (feed: string, words: RegExp) => {
      const server = await startServer("--feed", feed);
      open.push(() => server.stop());
      await until(
        "the reason is shown",
        () => feedOf(server),
        ({ state, error }) => state === "retrying" && words.test(error ?? ""),
      );
    };
    await shows(
      `mqtt:${url}?topic=plant/a&user=me&password=wrong`,
      /^Cannot reach the source: .*[Nn]ot authorized/,
    );
    const server = await serverOf(`mqtt:${url}?topic=plant/a`);
    await broker.end();
    await until("the break is shown", () => feedOf(server), ({ state }) => state === "retrying");
    await shows(`mqtt:${url}?topic=plant/a`, /^Cannot reach the source: .*ECONNREFUSED/);
    await broker.start();
    await until("it is back", () => feedOf(server), ({ state }) => state === "running");
  });

  test("A retained message counts once, and silence is a break", { timeout }, async () => {
    const { url } = await brokerWith();
    const client = await sender(url);
    await client.publishAsync("plant/a", "1", { retain: true, qos: 1 });
    await client.publishAsync("plant/b", "2", { retain: true, qos: 1 });
    const server = await serverOf(`mqtt:${url}?topic=plant/%2B&idle=2s`);
    await arrived(server, 2);
    const error = await until(
      "it was broken",
      async () => (await feedOf(server)).error,
      (reason) => reason !== null,
    );
    assert.equal(error, "The source has stopped sending");
    await until("it is back", () => feedOf(server), ({ state }) => state === "running");
    await client.publishAsync("plant/a", "3");
    assert.deepEqual((await arrived(server, 3)).sort(), ["plant/a 1", "plant/a 3", "plant/b 2"]);
  });

  test(
    "With a name and QoS 1, a kill or a broker's restart loses and doubles nothing",
    { timeout },
    async () => {
      const { url } = await brokerWith();
      const client = await sender(url);
      const feed = `mqtt:${url}?topic=plant/n&qos=1&client=tickwire&symbol=N&id=id`;
      const flags = ["--tape", `sqlite:${join(folder, "named.db")}`, "--feed", feed];
      let server = await ServerProcess.start(...flags);
      let id = 0;
      const send = async (count: number) => {
        for (let sent = 0; sent < count; sent++) {
          await client.publishAsync("plant/n", JSON.stringify({ id: ++id, price: id }), { qos: 1 });
        }
      };
      await send(500);
      await arrived(server, 100);
      await server.end("SIGKILL");
      await send(500);
      server = await ServerProcess.start(...flags);
      await send(500);
      const expected = Array.from({ length: 1_500 }, (_, index) => `N ${index + 1}`);
      assert.deepEqual(await arrived(server, 1_500), expected);
      assert.ok(!server.log.includes("Missed"), server.log);
      await server.end("SIGTERM");
    },
  );
});
