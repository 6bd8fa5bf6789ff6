import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, describe, it } from "node:test";
import type { Tick } from "../../src/core/tick.ts";
import { feedOf } from "../helpers/feeds.ts";
import {
  fewPlaces,
  partPlaces,
  type Place,
  places,
  type Question,
  wholePlaces,
} from "../helpers/places.ts";
import { ServerProcess } from "../helpers/process.ts";
import { parting, Reckoning } from "../helpers/reckoning.ts";
import {
  type Address,
  csv,
  type History,
  history,
  ndjson,
  SENDERS,
  seqOf,
} from "../helpers/senders.ts";
import { startServer, type TestServer } from "../helpers/server.ts";
import { BarStream, streamPlaces } from "../helpers/stream_places.ts";
import { until } from "../helpers/until.mjs";

const SECOND = 1_000, HOUR = 3_600 * SECOND, DAY = 24 * HOUR;
const PATIENCE = { timeout: 180_000 };
const [json] = SENDERS;

const folder = mkdtempSync(join(tmpdir(), "tickwire-acknowledged-"));
let tapes = 0;
after(async () => {
  await ServerProcess.endAll();
  rmSync(folder, { recursive: true });
});

const newTape = () => ["--tape", `sqlite:${join(folder, `${++tapes}.db`)}`];

async function newServer(feed = "none", tape = newTape()): Promise<TestServer> {
  const server = await startServer("--feed", feed, ...tape);
  after(() => server.stop());
  return server;
}

/** Whole seconds of today or yesterday, so that the last 24 hours follow from the ticks alone. */
const lately = () => Math.floor(Date.now() / SECOND) * SECOND - 16 * HOUR;
const longAgo = Date.UTC(2009, 0, 3, 18, 15, 5);

/** Asks all places at the same time, and then compares the answers. */
async function check(server: Address, all: Reckoning, asked: readonly Place[]): Promise<void> {
  const answers = await Promise.all(asked.map((place) => place.ask(server)));
  const wrong = asked.flatMap(({ name, reckon }, index) => {
    const fault = parting(answers[index], reckon(all));
    return fault === undefined ? [] : [`${name}${fault}`];
  });
  assert.equal(wrong.length, 0, `${wrong.length} of ${asked.length}:\n${wrong.join("\n")}`);
}

function questionOf(ticks: readonly Tick[], symbol = ticks[0]!.symbol): Question {
  const times = ticks.map(({ time }) => time);
  const [first, last] = [
    times.reduce((a, b) => Math.min(a, b)),
    times.reduce((a, b) => Math.max(a, b)),
  ];
  return { symbol, from: first, to: last + SECOND };
}

function everyPlace(question: Question, all: Reckoning, position: string): Place[] {
  const last = all.ticks(question.symbol).at(-1)!.seq;
  return [...places(question), ...streamPlaces(question, last, position)];
}

describe("Acknowledged ticks of the past", () => {
  const one = ["BTC/USD"];
  const three = ["BTC/USD", "ETH/EUR", "AAPL/USD"];
  const seconds = { count: 5_000, begin: lately(), stepMs: SECOND };
  const kinds: Readonly<Record<string, History>> = {
    "of seconds in order": { ...seconds, symbols: one, order: "in order" },
    "of seconds out of order": { ...seconds, symbols: one, order: "shuffled" },
    "of three symbols in order": { ...seconds, symbols: three, order: "in order" },
    "of three symbols out of order": { ...seconds, symbols: three, stepMs: 250, order: "shuffled" },
    "of days in order": {
      symbols: one,
      count: 1_500,
      begin: longAgo,
      stepMs: DAY,
      order: "in order",
    },
    "of days out of order": {
      symbols: one,
      count: 1_500,
      begin: longAgo,
      stepMs: DAY,
      order: "shuffled",
    },
  };
  for (const [what, kind] of Object.entries(kinds)) {
    it(`${what} are in every answer`, PATIENCE, async () => {
      const server = await newServer();
      const all = new Reckoning();
      const ticks = history(kind);
      const position = await json!.send(server, ticks);
      all.add(ticks, seqOf(position));
      const [symbol, ...others] = kind.symbols;
      await check(server, all, [
        ...everyPlace(questionOf(ticks, symbol), all, position),
        ...others.flatMap((other) => fewPlaces(questionOf(ticks, other))),
      ]);
      // More ticks of the same time, after the answers were read.
      const more = history({ ...kind, count: 1_000 }, 2);
      all.add(more, seqOf(await json!.send(server, more)));
      await check(server, all, fewPlaces(questionOf(more)));
    });
  }

  for (const { name, send, kept } of SENDERS.slice(1)) {
    it(`sent by ${name} are in every kind of answer`, PATIENCE, async () => {
      const server = await newServer();
      const all = new Reckoning();
      for (const order of ["in order", "shuffled"] as const) {
        const ticks = history({ ...seconds, symbols: three, order }).map(kept);
        const position = await send(server, ticks);
        all.add(ticks, seqOf(position));
        const question = questionOf(ticks);
        const last = all.ticks(question.symbol).at(-1)!.seq;
        await check(server, all, [
          ...fewPlaces(question),
          ...streamPlaces(question, last, position),
        ]);
      }
    });
  }

  for (const [ending, write] of [["csv", csv], ["ndjson", ndjson]] as const) {
    it(`replayed from a file of ${ending} are in every kind of answer`, PATIENCE, async () => {
      const ticks = history({ ...seconds, symbols: three, order: "in order" });
      const path = join(folder, `ticks.${ending}`);
      writeFileSync(path, write(ticks));
      const server = await newServer(`replay:${path}?speed=0`);
      await until("all is played", () => feedOf(server), ({ state }) => state === "ended");
      const all = new Reckoning();
      all.add(ticks, ticks.length);
      await check(server, all, fewPlaces(questionOf(ticks)));
    });
  }

  it("are in every kind of answer of a tape in memory", PATIENCE, async () => {
    const server = await newServer("none", ["--tape", "memory", "--bars-max", "10000"]);
    const ticks = history({ ...seconds, symbols: three, order: "shuffled" });
    const all = new Reckoning();
    all.add(ticks, seqOf(await json!.send(server, ticks)));
    await check(server, all, fewPlaces(questionOf(ticks)));
  });

  it("are in every kind of answer after a kill and a restart", PATIENCE, async () => {
    const flags = ["--feed", "none", ...newTape()];
    const server = await ServerProcess.start(...flags);
    const ticks = history({ ...seconds, symbols: one, order: "shuffled" });
    const all = new Reckoning();
    all.add(ticks, seqOf(await json!.send(server, ticks)));
    await server.end("SIGKILL");
    const next = await ServerProcess.start(...flags);
    await check(next, all, fewPlaces(questionOf(ticks)));
    await next.end("SIGTERM");
  });

  it("come on a stream of bars that was already open, in order or not", PATIENCE, async () => {
    for (const order of ["in order", "shuffled"] as const) {
      const server = await newServer();
      const all = new Reckoning();
      const kind = { symbols: one, count: 5_000, begin: longAgo, stepMs: SECOND, order };
      const streams = await Promise.all((["1s", "5s", "1m"] as const).map(async (interval) => {
        const params = { symbol: one[0]!, channel: `bar:${interval}` };
        return [interval, await BarStream.open(server, params)] as const;
      }));
      let last = 0;
      for (const seed of [1, 2]) {
        const ticks = history(kind, seed);
        last = seqOf(await json!.send(server, ticks));
        all.add(ticks, last);
      }
      const right = streams.map(([interval]) => all.bars(one[0]!, interval));
      const told = await Promise.all(streams.map(([, stream]) => stream.through(last)));
      assert.equal(parting(told, right), undefined);
    }
  });

  const many = { symbols: one, count: 200_000, begin: lately() };
  const manyKinds: Readonly<Record<string, History>> = {
    "of half a day in order": { ...many, stepMs: 200, order: "in order" },
    "of ten minutes out of order": { ...many, stepMs: 3, order: "shuffled" },
  };
  for (const [what, kind] of Object.entries(manyKinds)) {
    it(`200,000 ${what} are there batch by batch, while others import`, PATIENCE, async () => {
      const server = await newServer();
      const all = new Reckoning();
      const ticks = history(kind);
      const size = 50_000;
      const stop = importWithoutPause(server);
      try {
        for (let start = 0; start < ticks.length; start += size) {
          const batch = ticks.slice(start, start + size);
          const { send } = SENDERS[(start / size) % 4]!;
          all.add(batch, seqOf(await send(server, batch)));
          await check(server, all, partPlaces(questionOf(batch)));
        }
        await check(server, all, wholePlaces(questionOf(ticks)));
      } finally {
        await stop();
      }
    });
  }
});

/** Sends large batches of another symbol and time. @returns a function that ends this */
function importWithoutPause(server: Address): () => Promise<void> {
  let going = true;
  const importing = (async () => {
    for (let batch = 0; going; batch++) {
      const begin = longAgo + batch * 3 * HOUR;
      const count = 10_000;
      await json!.send(
        server,
        history({ symbols: ["OTHER"], begin, stepMs: SECOND, count, order: "in order" }, batch),
      );
    }
  })();
  return async () => {
    going = false;
    await importing;
  };
}
