import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { type Client, connect } from "../../static/client.js";
import type { Handlers, Reply, Row } from "../../static/frames.js";
import { ServerProcess, wait } from "../helpers/process.ts";
import { send, startServer, type TestServer } from "../helpers/server.ts";
import { until } from "../helpers/until.mjs";

/** Records what it is told. */
class Consumer implements Handlers {
  readonly replies: Reply[] = [];
  readonly rows: Row[] = [];
  readonly complaints: unknown[] = [];
  readonly onReply = (reply: Reply) => void this.replies.push(reply);
  readonly onRows = (rows: readonly Row[]) => void this.rows.push(...rows);
  readonly onGap = (gap: unknown) => void this.complaints.push(gap);
  readonly onError = (error: unknown) => void this.complaints.push(error);

  column(field: string): unknown[] {
    return this.rows.map((row) => row[field]);
  }
}

/** Sockets that the test can break. */
function breakable() {
  const sockets: WebSocket[] = [];
  class Socket extends WebSocket {
    constructor(url: string) {
      super(url);
      sockets.push(this);
    }
  }
  return { WebSocket: Socket, cut: () => sockets.at(-1)!.close() };
}

describe("The client, when a server is killed and comes back", () => {
  const folder = mkdtempSync(join(tmpdir(), "tickwire-client-"));
  const flags = ["--tape", `sqlite:${join(folder, "tape.db")}`, "--feed", "none"];
  const symbols = Array.from({ length: 10 }, (_, index) => `S${index}`);
  const clients: Client[] = [];
  let server: ServerProcess;

  before(async () => {
    server = await ServerProcess.start(...flags);
  });

  after(async () => {
    for (const client of clients) client.close();
    await server.end("SIGKILL");
    rmSync(folder, { recursive: true });
  });

  /** Sends ticks of all symbols; an unanswered one may be on the tape or not. */
  const feed = async (price: number) => {
    const body = JSON.stringify(symbols.map((symbol) => ({ symbol, price })));
    const headers = { "content-type": "application/json" };
    await fetch(`${server.http}/ticks`, { method: "POST", headers, body })
      .then((response) => response.text(), () => wait(20));
  };

  const tapeOf = async (symbol: string): Promise<number[]> => {
    const ticks = await fetch(`${server.http}/ticks?symbol=${symbol}&limit=10000`);
    return (await ticks.json() as { seq: number }[]).map(({ seq }) => seq);
  };

  it(
    "gives each of 200 clients every tick once, over two restarts",
    { timeout: 120_000 },
    async () => {
      await feed(0);
      const consumers = Array.from({ length: 200 }, (_, index) => {
        const consumer = new Consumer();
        const client = connect(() => `${server.ws}/ws`);
        clients.push(client);
        const wanted = index % 2 === 0 ? ["*"] : [symbols[index % 10]!, "S0"];
        const format = index % 3 === 0 ? "object" as const : "columns" as const;
        const stream = client.subscribe({ symbols: wanted, format }, consumer);
        return { consumer, wanted, stream };
      });
      await until(
        "all have joined",
        () => consumers.every((one) => one.consumer.replies.length > 0),
      );
      let price = 0;
      let isFeeding = true;
      const feeding = (async () => {
        while (isFeeding) await feed(++price);
      })();
      for (const restart of [1, 2]) {
        const before = price;
        await until("some more is fed", () => price, (now) => now > before + 10);
        await server.end("SIGKILL");
        server = await ServerProcess.start(...flags);
        const isBack = ({ consumer }: { consumer: Consumer }) => consumer.replies.length > restart;
        await until("all are back", () => consumers.every(isBack));
      }
      isFeeding = false;
      await feeding;
      await feed(-1);
      const tape = new Map<string, number[]>();
      for (const symbol of symbols) tape.set(symbol, await tapeOf(symbol));
      for (const { consumer, wanted, stream } of consumers) {
        const { replies } = consumer;
        const begin = Number(replies[0]!.position.split(":")[1]);
        const names = wanted[0] === "*" ? symbols : [...new Set(wanted)];
        const expected = names.flatMap((name) => tape.get(name)!).filter((seq) => seq > begin)
          .sort((a, b) => a - b);
        assert.ok(expected.length > 20);
        await until(
          "it has the last tick",
          () => consumer.column("seq"),
          (seqs) => seqs.at(-1) === expected.at(-1),
        );
        assert.deepEqual(replies.map(({ resumed }) => resumed), [false, true, true]);
        assert.deepEqual(consumer.complaints, []);
        assert.deepEqual(consumer.column("seq"), expected);
        assert.equal(stream.position!.split(":")[0], replies[0]!.position.split(":")[0]);
      }
    },
  );
});

describe("The client over real sockets", () => {
  let server: TestServer;
  let client: Client;
  let sockets: ReturnType<typeof breakable>;

  before(async () => {
    server = await startServer("--feed", "none");
    sockets = breakable();
    const { WebSocket } = sockets;
    client = connect(() => `${server.ws}/ws`, { WebSocket, random: () => 0.2 });
  });

  after(async () => {
    client.close();
    assert.equal(client.state.kind, "closed");
    await server.stop();
  });

  it("goes on with the newest rows of a conflated stream", async () => {
    await send(server, [{ symbol: "Q1", price: 1 }, { symbol: "Q2", price: 2 }]);
    const quotes = new Consumer();
    const stream = client.subscribe({ symbols: "Q*", channel: "quote" }, quotes);
    await until("it has joined", () => quotes.replies.length === 1);
    assert.deepEqual(quotes.replies[0]!.snapshot.map(({ price }) => price), [1, 2]);
    sockets.cut();
    await until("it is away", () => client.state.kind !== "live");
    await send(server, [{ symbol: "Q1", price: 3 }, { symbol: "Q1", price: 4 }]);
    await until("it is back", () => quotes.replies.length === 2 && quotes.rows.length > 0);
    assert.equal(quotes.replies[1]!.resumed, true);
    assert.deepEqual(quotes.rows.map(({ symbol, price }) => [symbol, price]), [["Q1", 4]]);
    stream.close();
  });

  it("goes on with an interrupted replay at its speed", async () => {
    const start = Date.now() - 3_600_000;
    const second = (index: number) => ({
      symbol: "R",
      price: index,
      time: start + 1_000 * index,
    });
    await send(server, Array.from({ length: 60 }, (_, index) => second(index)));
    const replay = new Consumer();
    const startedAt = Date.now();
    const stream = client.subscribe({ symbols: "R", from: start, speed: 30 }, replay);
    await until("it has begun", () => replay.rows.length > 10);
    sockets.cut();
    await until("all is told", () => replay.rows.length >= 60 && replay.replies.length === 2);
    assert.ok(Date.now() - startedAt >= 1_500, `${Date.now() - startedAt} ms`);
    assert.deepEqual(replay.column("price"), Array.from({ length: 60 }, (_, index) => index));
    assert.deepEqual(replay.replies.map(({ granted }) => granted?.["speed"]), [30, 30]);
    assert.deepEqual(replay.replies.map(({ resumed }) => resumed), [false, true]);
    stream.close();
  });

  it("pauses, jumps and goes on", async () => {
    const position = await send(server, [1, 2, 3].map((price) => ({ symbol: "U", price })));
    const updates = new Consumer();
    const stream = client.subscribe({ symbols: "U" }, updates);
    stream.update({ pause: true });
    await until("it stands still", () => updates.replies.length === 2);
    await send(server, [{ symbol: "U", price: 4 }]);
    sockets.cut();
    await until("it is away", () => client.state.kind !== "live");
    // A row of another stream proves that no row of this stream was on its way.
    const witness = new Consumer();
    const other = client.subscribe({ symbols: "W" }, witness);
    await until("the other stream has joined", () => witness.replies.length === 1);
    await send(server, [{ symbol: "W", price: 1 }]);
    await until("the other stream goes on", () => witness.rows.length === 1);
    assert.deepEqual(updates.rows, []);
    other.close();
    stream.update({ resume: true });
    await until("it goes on", () => updates.rows.length === 1);
    const [epoch, seq] = position.split(":");
    stream.update({ seek: `${epoch}:${Number(seq) - 3}` });
    await until("it has jumped", () => updates.rows.length === 5);
    assert.deepEqual(updates.column("price"), [4, 1, 2, 3, 4]);
    assert.equal(updates.replies.at(-1)!.resumed, false);
    stream.close();
  });

  it("reports refusals of the server", async () => {
    const refused = new Consumer();
    client.subscribe({ symbols: "a b" }, refused);
    await until("it is refused", () => refused.complaints.length > 0);
    assert.equal((refused.complaints[0] as { code: string }).code, "bad_symbol");
  });

  it("starts again on a server that does not know the position", async () => {
    const ticks = new Consumer();
    client.subscribe({ symbols: "N" }, ticks);
    await until("it has joined", () => ticks.replies.length === 1);
    await send(server, [{ symbol: "N", price: 1 }]);
    await until("there is a row", () => ticks.rows.length === 1);
    await server.stop();
    server = await startServer("--feed", "none");
    await send(server, [{ symbol: "N", price: 2 }]);
    await until("it is back", () => ticks.replies.length === 2);
    const { resumed, recovered, reason, snapshot } = ticks.replies[1]!;
    assert.deepEqual([resumed, recovered], [false, false]);
    assert.match(reason!, /epoch/);
    assert.deepEqual(snapshot.map(({ price }) => price), [2]);
    await send(server, [{ symbol: "N", price: 3 }]);
    await until("it goes on", () => ticks.rows.length === 2);
    assert.deepEqual(ticks.column("price"), [1, 3]);
  });
});
