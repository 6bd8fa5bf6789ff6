import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { after, afterEach, before, describe, test } from "node:test";
import { INTERVALS } from "../../src/core/interval.ts";
import type { Tick } from "../../src/core/tick.ts";
import { backup } from "../../src/terminal/backup.ts";
import { lookAtTape } from "../../src/terminal/checked_tape.ts";
import { restore } from "../../src/terminal/restore.ts";
import { Client } from "../helpers/client.ts";
import { natsFault, NatsServer } from "../helpers/nats_server.ts";
import { ServerProcess, wait } from "../helpers/process.ts";
import { until } from "../helpers/until.mjs";
import { FakeTerminal } from "../terminal/fake_terminal.ts";

const timeout = 240_000;
const folder = mkdtempSync(join(tmpdir(), "tickwire-replicas-"));
let nats: NatsServer;
let count = 0;

/** Several replicas of one stream, each with its own file. */
class Replicas {
  readonly stream = `test${++count}`;
  readonly servers: ServerProcess[] = [];
  readonly #flags: readonly string[];

  constructor(...flags: string[]) {
    this.#flags = flags.length > 0 ? flags : ["--feed", "none"];
  }

  static async of(size: number, ...flags: string[]): Promise<Replicas> {
    const replicas = new Replicas(...flags);
    for (let index = 0; index < size; index++) await replicas.start(index);
    return replicas;
  }

  path(index: number): string {
    return join(folder, `${this.stream}-${index}.db`);
  }

  flags(index: number): string[] {
    const log = ["--log", `${nats.url}?stream=${this.stream}&copies=2s`];
    return ["--tape", `sqlite:${this.path(index)}`, "--drain", "0", ...log, ...this.#flags];
  }

  async start(index: number): Promise<ServerProcess> {
    return this.servers[index] = await ServerProcess.start(...this.flags(index));
  }
}

/** Ticks with different prices, in the future, so that the clock closes none of their bars. */
const start = Math.floor(Date.now() / 60_000) * 60_000 + 3_600_000;
function ticks(count: number, first = 0): Tick[] {
  return Array.from({ length: count }, (_, index) => {
    const price = 1 + first + index;
    const time = start + price * 20 - (price % 97 === 0 ? 400_000 : 0);
    const symbol = ["AAPL", "BTC/USD", "EUR/USD"][price % 3]!;
    return { symbol, time, price, size: price % 7, bid: price - 0.5, ask: null };
  });
}

function post(server: ServerProcess, batch: readonly Tick[], key?: string): Promise<Response> {
  return fetch(`${server.http}/ticks`, {
    method: "POST",
    headers: {
      "content-type": "application/x-ndjson",
      ...(key === undefined ? {} : { "idempotency-key": key }),
    },
    body: batch.map((tick) => JSON.stringify(tick)).join("\n"),
  });
}

async function send(server: ServerProcess, batch: readonly Tick[], key?: string) {
  const response = await post(server, batch, key);
  const answer = await response.json();
  assert.equal(response.status, 200, JSON.stringify(answer));
  return answer as { accepted: number; position: string };
}

async function text(server: ServerProcess, path: string): Promise<string> {
  const response = await fetch(server.http + path);
  const answer = await response.text();
  assert.equal(response.status, 200, answer);
  return answer;
}

// deno-lint-ignore no-explicit-any -- what a server says of itself
async function ready(server: ServerProcess): Promise<any> {
  return await (await fetch(`${server.http}/readyz`)).json();
}

/** All readable data as text: replicas with the same log give the same bytes. */
async function everything(server: ServerProcess, position?: string): Promise<string[]> {
  const paths = ["/ticks?limit=1000000", "/snapshot", "/symbols?limit=1000"];
  for (const symbol of ["AAPL", "BTC/USD", "EUR/USD"]) {
    for (const interval of INTERVALS) {
      paths.push(`/bars?symbol=${symbol}&interval=${interval}&limit=100000`);
    }
  }
  const answers: string[] = [];
  for (const path of paths) {
    const at = position === undefined ? "" : `${path.includes("?") ? "&" : "?"}at=${position}`;
    answers.push(await text(server, path + at));
  }
  return answers;
}

/** As `equal`, but shows only the first difference of long answers. */
function assertSame(found: string, expected: string): void {
  if (found === expected) return;
  const [rows, others] = [JSON.parse(found), JSON.parse(expected)] as [unknown[], unknown[]];
  const at = others.findIndex((row, index) => JSON.stringify(row) !== JSON.stringify(rows[index]));
  assert.deepEqual({ count: rows.length, at, row: rows[at] }, {
    ...{ count: others.length, at, row: others[at] },
  });
  assert.equal(found.length, expected.length);
}

async function assertAlike(servers: readonly ServerProcess[], position: string): Promise<string[]> {
  const [first, ...others] = await Promise.all(servers.map((each) => everything(each, position)));
  for (const other of others) other.forEach((answer, index) => assertSame(answer, first![index]!));
  return first!;
}

/** By price. */
function missingAndDoubled(found: readonly { price: number }[], all: readonly { price: number }[]) {
  const counts = new Map(all.map(({ price }) => [price, 0]));
  for (const { price } of found) counts.set(price, (counts.get(price) ?? 0) + 1);
  const those = (fits: (count: number) => boolean) =>
    [...counts].filter(([, count]) => fits(count)).map(([price]) => price);
  return { missing: those((count) => count === 0), doubled: those((count) => count > 1) };
}

function newestOf(positions: readonly string[]): string {
  const seqOf = (position: string) => Number(position.split(":")[1]);
  return positions.toSorted((a, b) => seqOf(a) - seqOf(b)).at(-1)!;
}

describe("Replicas of one stream", { skip: natsFault() ?? false }, () => {
  before(async () => {
    nats = await NatsServer.start();
  });
  afterEach(() => ServerProcess.endAll());
  after(async () => {
    await nats.stop();
    rmSync(folder, { recursive: true });
  });

  test(
    "Replicas give equal answers, for writes to any of them, also after one ends",
    { timeout },
    async () => {
      const replicas = await Replicas.of(3);
      const { servers } = replicas;
      const positions: string[] = [];
      const write = async (writer: number) => {
        for (let round = 0; round < 15; round++) {
          const first = 100_000 * writer + 1_500 * round;
          const batch = ticks([3, 700, 1_500][round % 3]!, first);
          positions.push((await send(servers[writer]!, batch)).position);
        }
      };
      await Promise.all([0, 1, 2].map(write));
      const alike = await assertAlike(servers, newestOf(positions));
      assert.equal(JSON.parse(alike[0]!).length, 3 * 5 * (3 + 700 + 1_500));

      await servers[1]!.end("SIGKILL");
      positions.push((await send(servers[0]!, ticks(2_000, 900_000))).position);
      await replicas.start(1);
      positions.push((await send(servers[1]!, ticks(10, 950_000))).position);
      await servers[2]!.end("SIGTERM");
      await replicas.start(2);
      await assertAlike(servers, newestOf(positions));
      assert.deepEqual(readdirSync(folder).filter((name) => /\.\d+$/.test(name)), []);
    },
  );

  test(
    "A key adds its ticks once, at any replicas at the same time",
    { timeout },
    async () => {
      const { servers } = await Replicas.of(2);
      const sizes = [1, 5, 1_024, 2_500];
      for (const [index, size] of sizes.entries()) {
        const batch = ticks(size, 10_000 * index);
        const answers = await Promise.all(
          [0, 1, 0, 1].map((to) => send(servers[to]!, batch, `k${index}`)),
        );
        for (const answer of answers) assert.deepEqual(answer, answers[0]);
        assert.equal(answers[0]!.accepted, size);
      }
      const { position } = await send(servers[0]!, ticks(1, 90_000));
      const [all] = await assertAlike(servers, position);
      assert.equal(JSON.parse(all!).length, sizes.reduce((sum, size) => sum + size, 1));
      assert.deepEqual(
        await send(servers[1]!, ticks(7, 70_000), "k0"),
        await send(servers[0]!, [], "k0"),
      );
    },
  );

  test("A client continues at another replica without a gap, and waits for one that is behind", {
    timeout,
  }, async () => {
    const { servers } = await Replicas.of(2);
    const first = await Client.connect(`${servers[0]!.ws}/ws`);
    first.send({ op: "subscribe", channel: "tick", symbols: ["*"] });
    await first.next(({ op }) => op === "subscribed");
    await send(servers[1]!, ticks(50));
    const frame = await first.next(({ op }) => op === "data");
    const epoch = (await ready(servers[0]!)).position.split(":")[0];
    await servers[0]!.end("SIGKILL");
    await send(servers[1]!, ticks(50, 50));
    const second = await Client.connect(`${servers[1]!.ws}/ws`);
    const from = `${epoch}:${frame.seq}`;
    second.send({ op: "subscribe", channel: "tick", symbols: ["*"], from });
    const { recovered } = await second.next(({ op }) => op === "subscribed");
    assert.equal(recovered, true);
    let { seq } = frame;
    const prices = frame.rows.map((row: Tick) => row.price);
    while (prices.length < 100) {
      const { prev, seq: next, rows } = await second.next(({ op }) => op === "data");
      assert.equal(prev, seq);
      prices.push(...rows.map((row: Tick) => row.price));
      seq = next;
    }
    assert.deepEqual(prices, ticks(100).map(({ price }) => price));

    // No replica is there yet: the server waits for the position, and then sends what follows.
    const ahead = Number((await ready(servers[1]!)).position.split(":")[1]) + 4_096;
    const third = await Client.connect(`${servers[1]!.ws}/ws`);
    third.send({ op: "subscribe", channel: "tick", symbols: ["*"], from: `${epoch}:${ahead}` });
    const reading = fetch(`${servers[1]!.http}/ticks?at=${epoch}:${ahead}`);
    for (let round = 0; round < 3; round++) await send(servers[1]!, ticks(1, 200 + round));
    assert.equal((await third.next(({ op }) => op === "subscribed")).recovered, true);
    assert.ok((await third.next(({ op }) => op === "data")).prev === ahead);
    assert.equal((await reading).status, 200);

    const never = `${epoch}:${ahead * 1_000}`;
    third.send({ op: "subscribe", channel: "tick", symbols: ["AAPL"], from: never });
    const behind = await fetch(`${servers[1]!.http}/snapshot?at=${never}`);
    assert.deepEqual([behind.status, (await behind.json()).code], [503, "behind"]);
    assert.equal((await third.next(({ op }) => op === "subscribed")).recovered, false);
    for (const [at, status, code] of [["x", 400, "bad_at"], ["other:1", 410, "gone"]] as const) {
      const response = await fetch(`${servers[1]!.http}/ticks?at=${at}`);
      assert.deepEqual([response.status, (await response.json()).code], [status, code]);
    }
    for (const client of [second, third]) await client.close();
  });

  test(
    "All replicas of a room get its messages, and newcomers get the newest",
    { timeout },
    async () => {
      const replicas = await Replicas.of(2);
      const [one, two] = replicas.servers as [ServerProcess, ServerProcess];
      const join = (server: ServerProcess) => Client.connect(`${server.ws}/rooms/board`);
      const [a, b, c] = [await join(one), await join(two), await join(one)];
      a.send({ at: 1 });
      for (const other of [b, c]) assert.deepEqual(await other.next(), { at: 1 });
      b.send({ at: 2 });
      for (const other of [a, c]) assert.deepEqual(await other.next(), { at: 2 });
      assert.deepEqual([a, b, c].map((each) => each.drain()), [[], [], []]);
      const later = await join(two);
      assert.deepEqual(await later.next(), { at: 2 });
      const third = await replicas.start(2);
      const newcomer = await join(third);
      assert.deepEqual(await newcomer.next(), { at: 2 });
      // All clients send at once: the order must be the same everywhere.
      const all = [a, b, c, later, newcomer];
      for (let round = 0; round < 20; round++) {
        all.forEach((each, index) => each.send({ round, index }));
        await wait(30);
      }
      const newestAt = async (server: ServerProcess) => await (await join(server)).next();
      await until(
        "all know the same",
        async () =>
          [await newestAt(one), await newestAt(two), await newestAt(third)].map((each) =>
            JSON.stringify(each)
          ),
        (newest) => new Set(newest).size === 1 && newest[0]!.includes('"round":19'),
      );
    },
  );

  test(
    "A new replica starts with a copy of the tape, and follows from there",
    { timeout },
    async () => {
      const replicas = await Replicas.of(1);
      const [first] = replicas.servers as [ServerProcess];
      await send(first, ticks(150_000));
      // The file has the sealed ticks, and the stream has the later ones.
      const copies = () => first.log.split("Made a copy of the tape").length;
      await until("a copy is made of all", copies, (count) => count > 3);
      const { position } = await send(first, ticks(500, 200_000));
      const second = await replicas.start(1);
      assert.match(second.log, /Starting from a copy of the tape: \d+ bytes/);
      await assertAlike([first, second], position);
    },
  );

  test("A backup of a replica has all its ticks, also those that only the stream had", {
    timeout,
  }, async () => {
    const replicas = await Replicas.of(1);
    const [first] = replicas.servers as [ServerProcess];
    await send(first, ticks(70_000));
    await send(first, ticks(500, 200_000));
    const expected = await everything(first);
    const [file, path] = [join(folder, "backup.db"), join(folder, "restored.db")];
    const terminal = new FakeTerminal();
    await backup(terminal, { url: first.http, file });
    assert.match(terminal.complaints.join("\n"), /70,500 ticks.*all checksums hold/);
    // The server goes on, and its own file is not damaged either.
    await send(first, ticks(10, 300_000));
    await first.end("SIGTERM");
    const found = await lookAtTape(terminal, replicas.path(0));
    assert.deepEqual([found.stream, found.damage], [replicas.stream, []]);
    await restore(terminal, { file, tape: `sqlite:${path}` });
    const restored = await ServerProcess.start("--tape", `sqlite:${path}`, "--feed", "none");
    (await everything(restored)).forEach((answer, index) => assertSame(answer, expected[index]!));
    assert.equal(restored.log.match(/warn/), null, restored.log);
    await restored.end("SIGTERM");
  });

  test(
    "Without NATS no tick is lost: senders get errors, and all goes on afterwards",
    { timeout },
    async () => {
      const { servers } = await Replicas.of(2);
      const taken: number[] = [];
      const told = new Set<string>();
      let next = 0, isOver = false;
      const write = async (server: ServerProcess) => {
        while (!isOver) {
          const first = next += 10;
          const response = await post(server, ticks(5, first), `batch ${first}`);
          const { code } = await response.json();
          if (response.ok) taken.push(first);
          else told.add(`${response.status} ${code} ${response.headers.has("retry-after")}`);
        }
      };
      const writing = Promise.all(servers.map(write));
      await until("some are taken", () => taken.length > 50);
      await nats.kill();
      await until("somebody is told", () => told.size > 0);
      assert.equal((await ready(servers[0]!)).ready, true);
      assert.equal((await ready(servers[0]!)).log.connected, false);
      assert.match(await text(servers[0]!, "/metrics"), /^tickwire_log_connected 0$/m);
      assert.ok(JSON.parse(await text(servers[1]!, "/ticks?limit=10")).length === 10);
      await nats.begin();
      const before = taken.length;
      await until("it goes on", () => taken.length > before + 50);
      isOver = true;
      await writing;
      assert.deepEqual([...told], ["503 log_unavailable true"]);
      const { position } = await send(servers[0]!, ticks(1, 900_000));
      const [all] = await assertAlike(servers, position);
      const prices = JSON.parse(all!).map(({ price }: Tick) => price) as number[];
      assert.equal(new Set(prices).size, prices.length);
      for (const first of taken) assert.ok(prices.includes(1 + first), `${first} is missing`);
      await until("it is said", async () => (await ready(servers[0]!)).log.connected === true);
    },
  );

  test("A feed runs on one replica, and goes on at another where it was", { timeout }, async () => {
    const file = join(folder, "replay.ndjson");
    const rows = Array.from({ length: 2_000 }, (_, index) => (
      { symbol: "R", time: start + 10 * index, price: 1 + index }
    ));
    writeFileSync(file, rows.map((row) => `${JSON.stringify(row)}\n`).join(""));
    const { servers } = await Replicas.of(2, "--feed", `replay:${file}?speed=1&loop=0`);
    const states = async () => {
      const all = await Promise.all(
        servers.map(async (each) => (await ready(each)).feeds[0].state),
      );
      return all as string[];
    };
    await until("one runs", states, (all) => String(all.toSorted()) === "running,standby");
    const holder = (await states()).indexOf("running");
    const other = servers[1 - holder]!;
    const { leases } = (await ready(servers[holder]!)).log;
    assert.ok(leases.some((name: string) => name.startsWith("replay:")), leases);
    const countOf = async (server: ServerProcess) =>
      JSON.parse(await text(server, "/ticks?limit=9999")).length;
    await until("ticks come", () => countOf(other), (count) => count > 100);
    // A frozen replica loses the lease, and ticks that it adds later are ignored.
    process.kill(servers[holder]!.pid, "SIGSTOP");
    await until("the other runs it", async () => (await ready(other)).feeds[0].state === "running");
    const seen = await countOf(other);
    await until("it goes on", () => countOf(other), (count) => count > seen + 100);
    process.kill(servers[holder]!.pid, "SIGCONT");
    await until(
      "the first knows it",
      async () => (await ready(servers[holder]!)).feeds[0].state === "standby",
    );
    // A drain hands the lease over at once.
    await other.end("SIGTERM");
    await until(
      "the first runs it again",
      async () => (await ready(servers[holder]!)).feeds[0].state === "running",
    );
    await until("all has come", () => countOf(servers[holder]!), (count) => count >= 2_000);
    const all = JSON.parse(await text(servers[holder]!, "/ticks?limit=9999")) as Tick[];
    assert.deepEqual(missingAndDoubled(all, rows), { missing: [], doubled: [] });
  });

  test("A stream that lost entries that were read, or was made anew, has another epoch", {
    timeout,
  }, async () => {
    const replicas = await Replicas.of(1);
    const [server] = replicas.servers as [ServerProcess];
    await send(server, ticks(10));
    const { position } = await ready(server);
    const epoch = position.split(":")[0];
    natsCli(`$JS.API.STREAM.DELETE.${replicas.stream}`);
    const { code } = await server.exited;
    assert.equal(code, 1);
    assert.match(server.log, /^Cannot follow the stream \w+: it was deleted; restart/m);
    const again = await replicas.start(0);
    assert.notEqual((await ready(again)).position.split(":")[0], epoch);
    assert.match(again.log, /Moved the tape .* to .*: it is of the epoch/);
    assert.ok(existsSync(`${replicas.path(0)}.${epoch}.1`));
    assert.deepEqual(JSON.parse(await text(again, "/ticks")), []);
    const client = await Client.connect(`${again.ws}/ws`);
    client.send({ op: "subscribe", channel: "tick", symbols: ["*"], from: position });
    assert.equal((await client.next(({ op }) => op === "subscribed")).recovered, false);
    await client.close();
  });

  test("A stream that lost its newest entries gives their seqs to others in another epoch", {
    timeout,
  }, async () => {
    const own = await NatsServer.start();
    const flags = ["--log", `${own.url}?stream=lossy`, "--feed", "none", "--drain", "0"];
    const tape = ["--tape", `sqlite:${join(folder, "lossy.db")}`];
    const server = await ServerProcess.start(...tape, ...flags);
    await send(server, ticks(2));
    await own.kill();
    const earlier = own.copy();
    await own.begin();
    await until("it is back", async () => (await ready(server)).log.connected === true);
    const { position } = await send(server, ticks(2, 10));
    await own.beginFrom(earlier);
    const { code } = await server.exited;
    assert.equal(code, 1);
    assert.match(
      server.log,
      /^Cannot follow the stream lossy: it ends with message 1, but 2 was read/m,
    );
    const again = await ServerProcess.start(...tape, ...flags);
    assert.notEqual((await ready(again)).position.split(":")[0], position.split(":")[0]);
    assert.deepEqual(JSON.parse(await text(again, "/ticks")).map(({ price }: Tick) => price), [
      1,
      2,
    ]);
    await again.end("SIGKILL");
    await own.stop();
    rmSync(earlier, { recursive: true });
  });

  test("Bad settings are refused in words", { timeout }, async () => {
    const refusal = async (log: string, ...flags: string[]) => {
      const given = ["--tape", `sqlite:${join(folder, "refused.db")}`, "--feed", "none"];
      const { exit, log: said } = await ServerProcess.refused(...given, "--log", log, ...flags);
      assert.equal(exit.code, 1);
      return said.trim().split("\n").at(-1)!;
    };
    assert.match(await refusal("http://127.0.0.1:1"), /^Cannot use log http:.*is not a URL/);
    assert.match(await refusal(`${nats.url}?steam=a`), /has no option steam/);
    assert.match(await refusal(`${nats.url}?stream=a.b`), /is not 1 to 32 letters/);
    natsCli(
      "$JS.API.STREAM.CREATE.foreign",
      JSON.stringify({ name: "foreign", subjects: ["f.>"] }),
    );
    assert.match(await refusal(`${nats.url}?stream=foreign`), /it belongs to another program/);
    const plain = await NatsServer.start("-m", "0");
    assert.match(await refusal(plain.url), /start nats-server with -js/);
    await plain.stop();
    const guarded = await NatsServer.start("-js", "--user", "a", "--pass", "secret");
    assert.match(await refusal(guarded.url), /^Cannot connect to NATS at .*[Aa]uthorization/);
    const wrong = guarded.url.replace("//", "//a:wrong@");
    const said = await refusal(wrong);
    assert.match(said, /[Aa]uthorization/);
    assert.doesNotMatch(said, /wrong/);
    const right = guarded.url.replace("//", "//a:secret@");
    const server = await ServerProcess.start("--tape", "memory", "--feed", "none", "--log", right);
    await send(server, ticks(1));
    await server.end("SIGKILL");
    await guarded.stop();
  });
});

/** Sends a request to the NATS server, as an operator's tool would. */
function natsCli(subject: string, body = ""): void {
  const script = `const { connect } = require("@nats-io/transport-node");
    connect({ servers: process.argv[1] }).then(async (c) => {
      await c.request(process.argv[2], process.argv[3]); await c.close();
    });`;
  const { status, stderr } = spawnSync("node", ["-e", script, nats.url, subject, body]);
  assert.equal(status, 0, String(stderr));
}
