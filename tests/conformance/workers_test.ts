import assert from "node:assert/strict";
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { Agent, request } from "node:http";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import process from "node:process";
import { after, before, describe, it } from "node:test";
import type { TapedTick } from "../../src/core/tick.ts";
import { WORKER_VARIABLE } from "../../src/workers/worker.ts";
import { Client } from "../helpers/client.ts";
import { freePort } from "../helpers/free_port.mjs";
import { ServerProcess, wait } from "../helpers/process.ts";
import { figureOf } from "../helpers/server.ts";
import { until } from "../helpers/until.mjs";

const WORKERS = 2;
/** So many that each process most likely has some of them. */
const CONNECTIONS = 12;
const timeout = 240_000;

interface Answer {
  readonly status: number;
  readonly text: string;
}

/** A connection, which leads to one of the processes. */
class Connection {
  readonly #agent = new Agent({ keepAlive: true, maxSockets: 1 });
  readonly #http: string;

  constructor(http: string) {
    this.#http = http;
  }

  ask(path: string, body?: string, headers: Record<string, string> = {}): Promise<Answer> {
    const method = body === undefined ? "GET" : "POST";
    return new Promise((resolve, reject) => {
      const asked = request(this.#http + path, {
        ...{ agent: this.#agent, method },
        headers: { "content-type": "application/x-ndjson", ...headers },
      }, (response) => {
        let text = "";
        response.setEncoding("utf8").on("data", (part: string) => text += part);
        response.on("end", () => resolve({ status: response.statusCode!, text }));
      });
      asked.on("error", reject);
      asked.end(body);
    });
  }

  close(): void {
    this.#agent.destroy();
  }
}

/** The child processes of a process. */
function childrenOf(pid: number): number[] {
  const text = readFileSync(`/proc/${pid}/task/${pid}/children`, "utf8").trim();
  return text === "" ? [] : text.split(" ").map(Number);
}

/** The folder of the socket at which the first process listens for a worker. */
function meetingFolderOf(worker: number): string {
  const environment = readFileSync(`/proc/${worker}/environ`, "utf8").split("\0");
  const start = environment.find((each) => each.startsWith(WORKER_VARIABLE))!;
  return dirname(JSON.parse(start.slice(WORKER_VARIABLE.length + 1)).path);
}

function allServe(server: ServerProcess): Promise<unknown> {
  const isComplete = () => figureOf(server, "workers").catch(() => 0);
  return until("all workers serve", isComplete, (count: number) => count === WORKERS);
}

const linux = process.platform === "linux";

describe("A server with workers", { skip: linux ? false : "only on Linux" }, () => {
  let folder: string;
  let server: ServerProcess;

  before(async () => {
    folder = mkdtempSync(join(tmpdir(), "tickwire-workers-"));
    server = await start("shared.db");
  }, { timeout });
  after(async () => {
    await ServerProcess.endAll();
    rmSync(folder, { recursive: true, force: true });
  });

  async function start(name: string, ...flags: string[]): Promise<ServerProcess> {
    const tape = ["--tape", `sqlite:${join(folder, name)}`];
    const own = ["--workers", String(WORKERS), "--feed", "none", "--drain", "200"];
    const started = await ServerProcess.start(...own, ...tape, ...flags);
    await allServe(started);
    return started;
  }

  async function each<Result>(work: (one: Connection, index: number) => Promise<Result>) {
    const all = Array.from({ length: CONNECTIONS }, () => new Connection(server.http));
    const results = await Promise.all(all.map(work));
    for (const one of all) one.close();
    return results;
  }

  it("has acknowledged ticks at the process that acknowledged them", { timeout }, async () => {
    await each(async (one, index) => {
      for (let price = 1; price <= 5; price++) {
        const symbol = `OWN${index}`;
        const { status, text } = await one.ask("/ticks", JSON.stringify({ symbol, price }));
        assert.equal(status, 200, text);
        const { text: rows } = await one.ask(`/snapshot?symbol=${symbol}`);
        assert.equal(JSON.parse(rows)[0].price, price);
        const { text: ticks } = await one.ask(`/ticks?symbol=${symbol}`);
        assert.equal(JSON.parse(ticks).at(-1).price, price);
      }
    });
  });

  it("takes a key once, at any process", { timeout }, async () => {
    const body = JSON.stringify({ symbol: "ONCE", price: 1 });
    const send = (one: Connection) => one.ask("/ticks", body, { "idempotency-key": "once" });
    const answers = [...await each(send), ...await each(send)];
    for (const answer of answers) assert.deepEqual(answer, answers[0]);
    await each(async (one) => {
      const { text } = await one.ask("/ticks?symbol=ONCE");
      assert.equal(JSON.parse(text).length, 1);
    });
  });

  it("sends clients of all processes everything, and answers for all", { timeout }, async () => {
    const clients = await Promise.all(Array.from(
      { length: CONNECTIONS },
      () => Client.connect(`${server.ws}/ws?symbol=ALL`),
    ));
    for (const client of clients) await client.next(({ op }) => op === "subscribed");
    await until(
      "all clients are counted",
      () => figureOf(server, "clients"),
      (count: number) => count === CONNECTIONS,
    );
    await each((one) => one.ask("/ticks", JSON.stringify({ symbol: "ALL", price: 1 })));
    for (const client of clients) {
      for (let rows = 0; rows < CONNECTIONS;) {
        rows += (await client.next(({ op }) => op === "data")).rows.length;
      }
      await client.close();
    }
    const answers = await each((one) => one.ask("/readyz"));
    for (const { status, text } of answers) {
      assert.deepEqual([status, JSON.parse(text).ready], [200, true]);
    }
    for (let count = 0; count < 4; count++) {
      const one = new Connection(server.http);
      const { status, text } = await one.ask("/backup");
      assert.deepEqual([status, text.slice(0, 15)], [200, "SQLite format 3"]);
      one.close();
    }
  });

  it("passes messages of a room to clients of all processes, once", { timeout }, async () => {
    const clients = await Promise.all(Array.from(
      { length: CONNECTIONS },
      () => Client.connect(`${server.ws}/rooms/talk`),
    ));
    for (const [index, client] of clients.entries()) {
      client.send({ said: index });
      for (const other of clients) {
        if (other === client) continue;
        const heard = await other.next();
        // A newcomer gets the newest message.
        assert.deepEqual(heard, { said: index });
      }
    }
    for (const client of clients) assert.deepEqual(client.drain(), []);
    await Promise.all(clients.map((client) => client.close()));
  });

  it("refuses a second server on its port, or with its tape", { timeout }, async () => {
    const port = new URL(server.http).port;
    const other = ["--tape", `sqlite:${join(folder, "other.db")}`, "--feed", "none"];
    const workers = ["--workers", "1"];
    const onPort = await ServerProcess.refused("--port", port, ...other, ...workers);
    assert.match(onPort.log, /the port is in use/);
    const tape = ["--tape", `sqlite:${join(folder, "shared.db")}`, "--feed", "none"];
    for (const flags of [tape, [...tape, ...workers]]) {
      const withTape = await ServerProcess.refused(...flags);
      assert.match(withTape.log, new RegExp(`process ${server.pid} `));
    }
  });

  it("refuses a kind of tape that only one process can use", { timeout }, async () => {
    const { exit, log } = await ServerProcess.refused("--workers", "2", "--tape", "memory");
    assert.equal(exit.code, 1);
    assert.match(log, /Cannot use --workers with --tape memory/);
  });

  it("loses and doubles nothing when processes are killed, and leaves no process behind", {
    timeout,
  }, async () => {
    const flags = ["--port", String(await freePort())];
    let shared = await start("killed.db", ...flags);
    const { http, ws } = shared;
    const watchers = Array.from({ length: 20 }, () => new Watcher(ws));
    const writing = new Writing(http);
    const enough = (count: number) =>
      until("it goes on", () => writing.taken.length, (taken: number) => taken >= count);
    await enough(100);
    const [worker] = childrenOf(shared.pid);
    process.kill(worker!, "SIGKILL");
    await until(
      "another one serves",
      () => childrenOf(shared.pid),
      (pids: number[]) => pids.length === WORKERS && !pids.includes(worker!),
    );
    await allServe(shared);
    await enough(writing.taken.length + 100);
    const workers = childrenOf(shared.pid);
    const meeting = meetingFolderOf(workers[0]!);
    assert.ok(existsSync(meeting));
    await shared.end("SIGKILL");
    await until("the workers end", () => workers.filter((pid) => existsSync(`/proc/${pid}`)), (
      left: number[],
    ) => left.length === 0);
    assert.ok(!existsSync(meeting), "a folder is left");
    shared = await start("killed.db", ...flags);
    await enough(writing.taken.length + 100);
    writing.end();
    await writing.ended;
    const all: TapedTick[] = await (await fetch(`${http}/ticks?limit=1000000`)).json();
    const prices = all.map(({ price }) => price);
    assert.equal(new Set(prices).size, prices.length, "doubled");
    const known = new Set(prices);
    assert.deepEqual(writing.taken.filter((price) => !known.has(price)), [], "lost");
    for (const watcher of watchers) {
      await until(
        "the client has all",
        () => watcher.seq,
        (seq: number) => seq === all.at(-1)!.seq,
      );
      watcher.end();
      const { first } = watcher;
      assert.deepEqual(watcher.prices, prices.slice(prices.indexOf(first!)));
    }
    const last = childrenOf(shared.pid);
    assert.deepEqual(await shared.end("SIGTERM"), { code: 0, signal: null });
    assert.deepEqual(last.filter((pid) => existsSync(`/proc/${pid}`)), []);
  });
});

/** Sends ticks one by one, each until it is acknowledged. */
class Writing {
  /** Prices of acknowledged ticks. */
  readonly taken: number[] = [];
  readonly ended: Promise<unknown>;
  #isOver = false;
  #price = 0;

  constructor(http: string) {
    this.ended = Promise.all([1, 2, 3].map(() => this.#write(http)));
  }

  end(): void {
    this.#isOver = true;
  }

  async #write(http: string): Promise<void> {
    while (!this.#isOver) {
      const price = ++this.#price;
      const body = JSON.stringify({ symbol: `S${price % 5}`, price });
      const headers = { "content-type": "application/x-ndjson", "idempotency-key": `k${price}` };
      const post = () => fetch(`${http}/ticks`, { method: "POST", headers, body });
      const isTaken = async () => {
        const response = await post();
        await response.text();
        return response.ok;
      };
      while (!await isTaken().catch(() => false)) await wait(50);
      this.taken.push(price);
      await wait(2);
    }
  }
}

/** A client that resumes at its position. */
class Watcher {
  readonly prices: number[] = [];
  first: number | undefined;
  seq = 0;
  #epoch: string | undefined;
  #socket: WebSocket | undefined;
  #isOver = false;
  readonly #ws: string;

  constructor(ws: string) {
    this.#ws = ws;
    this.#connect();
  }

  end(): void {
    this.#isOver = true;
    this.#socket?.close();
  }

  #connect(): void {
    const socket = this.#socket = new WebSocket(`${this.#ws}/ws`);
    socket.onopen = () => {
      const from = this.#epoch === undefined ? {} : { from: `${this.#epoch}:${this.seq}` };
      socket.send(JSON.stringify({ op: "subscribe", symbols: ["*"], channel: "tick", ...from }));
    };
    socket.onmessage = ({ data }) => this.#read(JSON.parse(data));
    socket.onerror = () => {};
    socket.onclose = () => {
      if (!this.#isOver) void wait(50).then(() => this.#connect());
    };
  }

  // deno-lint-ignore no-explicit-any -- frames are whatever the server sends
  #read({ op, position, recovered, prev, seq, rows }: any): void {
    if (op === "subscribed") {
      const [epoch, at] = position.split(":");
      if (this.#epoch === undefined) [this.#epoch, this.seq] = [epoch, Number(at)];
      assert.ok(recovered && epoch === this.#epoch, "not recovered");
    }
    if (op !== "data") return;
    assert.equal(prev, this.seq, "a gap");
    this.seq = seq;
    for (const { price } of rows) {
      this.first ??= price;
      this.prices.push(price);
    }
  }
}
