import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { JetStreamLog } from "../../src/log/jetstream.ts";
import { LogStream } from "../../src/log/stream.ts";
import { parseStreamSpec } from "../../src/log/stream_spec.ts";
import { natsFault, NatsServer } from "../helpers/nats_server.ts";
import { wait } from "../helpers/process.ts";
import { until } from "../helpers/until.mjs";
import { TapeFull } from "../../src/store/tape_error.ts";
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
    const world = { now: Date.now, elapsed: () => performance.now(), sleep: wait, info() {}, warn };
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

  logContract("JetStreamLog", () => SharedLog.open());
});
