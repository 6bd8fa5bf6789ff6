import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { encodeEntry } from "../../src/log/entry.ts";
import { type FollowedStream, JetStreamLog } from "../../src/log/jetstream.ts";
import { LogStream, type StreamMessage } from "../../src/log/stream.ts";
import { parseStreamSpec } from "../../src/log/stream_spec.ts";
import { natsFault, NatsServer } from "../helpers/nats_server.ts";
import { wait } from "../helpers/process.ts";
import { until } from "../helpers/until.mjs";
import { LogUnavailable, TapeError, TapeFull } from "../../src/store/tape_error.ts";
import { logContract, numbered, type OpenLog } from "./contract.ts";

let server: NatsServer;
let count = 0;

/** A log on a stream, which works as soon as something waits. */
class SharedLog implements OpenLog {
  readonly stream: LogStream;
  readonly log: JetStreamLog;
  readonly warnings: string[] = [];
  readonly failures: Error[] = [];

  constructor(
    stream: LogStream,
    warnings: string[],
    wake: () => void = () => void setImmediate(() => this.#work()),
  ) {
    this.stream = stream;
    this.warnings = warnings;
    this.log = new JetStreamLog({
      stream,
      epoch: "e1",
      writer: `w${++count}`,
      now: Date.now,
      elapsed: () => performance.now(),
      sleep: wait,
      waiting: wake,
      warn: (message) => void warnings.push(message),
      fail: (error) => void this.failures.push(error),
    });
  }

  static async open(
    name = `s${++count}`,
    wake?: () => void,
    at: NatsServer = server,
  ): Promise<SharedLog> {
    const warnings: string[] = [];
    const warn = (message: string) => void warnings.push(message);
    const spec = parseStreamSpec(`${at.url}?stream=${name}`);
    const clock = { now: Date.now, elapsed: () => performance.now(), sleep: wait };
    const world = { ...clock, random: Math.random, info() {}, warn };
    const stream = await LogStream.open({ spec, ageMs: 86_400_000, ...world });
    return new SharedLog(stream, warnings, wake);
  }

  async settled(): Promise<void> {
    await until("all has been told of", () => {
      this.log.work();
      return !this.log.isBusy && this.log.state.lag.entries === 0;
    });
  }

  /** A log that was closed tells its follower nothing more. */
  async again(): Promise<SharedLog> {
    await this.stream.close();
    return await SharedLog.open(this.stream.name);
  }

  close(): Promise<void> {
    return this.stream.close();
  }

  #work(): void {
    if (this.log.work()) setImmediate(() => this.#work());
  }
}

/** A stream that acknowledges messages, and of which the test reads them out. */
class FakeStream implements FollowedStream {
  readonly name = "s";
  readonly firstSeq = 1;
  readonly lastSeq = 0;
  readonly isConnected = true;
  readonly reconnects = 0;
  #count = 0;
  answer: () => Promise<number> = () => Promise.resolve(++this.#count);
  take!: (message: StreamMessage) => Promise<void>;
  fail!: (error: Error) => void;

  publish(): Promise<number> {
    return this.answer();
  }

  read(_from: number, take: (message: StreamMessage) => Promise<void> | void): Promise<void> {
    this.take = async (message) => await take(message);
    return new Promise((_, reject) => this.fail = reject);
  }

  look(): Promise<undefined> {
    return Promise.resolve(undefined);
  }

  close(): Promise<void> {
    return Promise.resolve();
  }
}

/** A log on such a stream, with a clock that only the closing moves. */
function followed(deliver: () => void = () => {}) {
  const stream = new FakeStream();
  let clock = 0;
  const log = new JetStreamLog({
    ...{ stream, epoch: "e1", writer: "w", now: () => clock, elapsed: () => clock },
    sleep: (ms) => ms > 1 ? new Promise(() => {}) : Promise.resolve(void clock++),
    waiting() {},
    warn: (message) => assert.fail(message),
    fail() {},
  });
  log.follow(0, deliver);
  return { log, stream };
}

async function outcome(promise: Promise<unknown>): Promise<unknown> {
  let found: unknown = "pending";
  promise.then(() => found = "fulfilled", (error) => found = error);
  await new Promise((resolve) => setImmediate(resolve));
  return found;
}

const empty = { ticks: [], first: 0, time: 0, definitions: [], marks: [], receipts: [] };
const message = (seq: number): StreamMessage => ({
  seq,
  pending: 0,
  data: encodeEntry({ ...empty, more: false }),
});

const ENDS = {
  fails: ({ stream }: ReturnType<typeof followed>) => stream.fail(new TapeError("it is gone")),
  closes: ({ log }: ReturnType<typeof followed>) => void log.close(),
};

for (const [how, end] of Object.entries(ENDS)) {
  test(`JetStreamLog that ${how} rejects all drafts that are not delivered, and later ones`, async () => {
    const opened = followed();
    const { log, stream } = opened;
    // More than are in flight at once. The acknowledgement of the last ones never comes.
    const key = (index: number) => ({ ticks: numbered(1), key: `${index}` });
    const acknowledged = Array.from({ length: 100 }, (_, index) => log.append(key(index)));
    log.work();
    stream.answer = () => new Promise(() => {});
    const others = Array.from({ length: 100 }, (_, index) => log.append(key(100 + index)));
    log.work();
    const large = log.append({ ticks: numbered(5_000) });
    await outcome(Promise.resolve());
    end(opened);
    const all = [...acknowledged, ...others, large, log.append(key(200))];
    for (const found of await Promise.all(all.map(outcome))) {
      assert.ok(found instanceof LogUnavailable, String(found));
    }
  });

  test(`JetStreamLog that ${how} does not keep its reader waiting`, async () => {
    const opened = followed();
    const { stream } = opened;
    const taken: Promise<void>[] = [];
    for (let seq = 1; seq <= 256; seq++) taken.push(stream.take(message(seq)));
    assert.equal(await outcome(taken.at(-1)!), "pending");
    end(opened);
    assert.equal(await outcome(taken.at(-1)!), "fulfilled");
    assert.ok(await outcome(stream.take(message(257))) instanceof LogUnavailable);
  });
}

test("JetStreamLog tells the sender when the delivery of a draft fails", async () => {
  const { log, stream } = followed(() => {
    throw new TypeError("of ours");
  });
  const sent = log.append({ ticks: [] });
  log.work();
  await stream.take(message(1));
  assert.equal(await outcome(sent), "pending");
  assert.throws(() => log.work(), TypeError);
  assert.ok(await outcome(sent) instanceof TypeError);
});

const folder = mkdtempSync(join(tmpdir(), "tickwire-jetstream-"));
after(() => rmSync(folder, { recursive: true }));

function configFile(text: string): string {
  const path = join(folder, `${++count}.conf`);
  writeFileSync(path, text);
  return path;
}

const priceOf = ({ price }: { readonly price: number }) => price;

describe("JetStreamLog", { skip: natsFault() ?? false }, () => {
  before(async () => {
    server = await NatsServer.start();
  });
  after(() => server.stop());

  test("JetStreamLog has no work after it is closed, even with entries it has read and not told of", async () => {
    const writing = await SharedLog.open();
    const reading = await SharedLog.open(writing.stream.name, () => {});
    const told: unknown[] = [];
    writing.log.follow(0, () => {});
    reading.log.follow(0, (entry) => told.push(entry));
    await writing.log.append({ ticks: numbered(3) });
    await until("it is read", () => reading.log.state.lag.entries, (entries) => entries === 1);
    await reading.log.close();
    assert.equal(reading.log.work(), false);
    assert.deepEqual(told, []);
    await writing.close();
  });

  test("JetStreamLog reports that JetStream is full, keeps all accepted ticks, and appends more once there is room", async () => {
    const small = await NatsServer.start("-js", "-c", configFile("jetstream { max_file: 400K }"));
    const open = () => SharedLog.open("small", undefined, small);
    try {
      let opened = await open();
      const told: number[] = [];
      const follow = () => opened.log.follow(0, ({ ticks }) => told.push(...ticks.map(priceOf)));
      follow();
      const taken: number[] = [];
      const append = async (first: number) => {
        await opened.log.append({ ticks: numbered(500, first) });
        taken.push(...numbered(500, first).map(priceOf));
      };
      let first = 0;
      const isFull = (error: Error) =>
        error instanceof TapeFull && /insufficient resources/.test(error.message);
      await assert.rejects(async () => {
        for (; first < 100_000; first += 500) await append(first);
      }, isFull);
      await assert.rejects(append(first), isFull);
      assert.ok(first >= 1_000, `${first} were taken`);
      assert.deepEqual(told, taken);
      await opened.close();
      await small.beginWith("-js");
      opened = await open();
      told.length = 0;
      follow();
      await append(first);
      assert.deepEqual(told, taken);
      assert.deepEqual(opened.failures, []);
      await opened.close();
    } finally {
      await small.stop();
    }
  });

  test("JetStreamLog does not try again when it may not write to the stream", async () => {
    const permissions = '{ publish: { deny: "tickwire.*.log" } }';
    const guarded = await NatsServer.start(
      ...["-js", "-c"],
      configFile(
        `authorization { users: [{ user: a, password: b, permissions: ${permissions} }] }`,
      ),
    );
    try {
      const opened = await SharedLog.open("denied&user=a&password=b", undefined, guarded);
      opened.log.follow(0, () => {});
      await assert.rejects(opened.log.append({ ticks: numbered(1) }), (error: Error) => {
        assert.ok(error instanceof TapeError && !(error instanceof LogUnavailable), error.message);
        assert.match(error.message, /Permissions Violation/);
        return true;
      });
      await opened.close();
    } finally {
      await guarded.stop();
    }
  });

  logContract("JetStreamLog", () => SharedLog.open());
});
