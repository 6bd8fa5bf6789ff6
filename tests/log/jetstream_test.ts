import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { JetStreamLog } from "../../src/log/jetstream.ts";
import { LogStream } from "../../src/log/stream.ts";
import { parseStreamSpec } from "../../src/log/stream_spec.ts";
import { natsFault, NatsServer } from "../helpers/nats_server.ts";
import { wait } from "../helpers/process.ts";
import { until } from "../helpers/until.mjs";
import { logContract, numbered, type OpenLog } from "./contract.ts";

let server: NatsServer;
let count = 0;

/** A log on a stream, that works as soon as something waits. */
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

  static async open(name = `s${++count}`, wake?: () => void): Promise<SharedLog> {
    const warnings: string[] = [];
    const warn = (message: string) => void warnings.push(message);
    const spec = parseStreamSpec(`${server.url}?stream=${name}`);
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

  /** Who is gone is told of nothing any more. */
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

describe("JetStreamLog", { skip: natsFault() ?? false }, () => {
  before(async () => {
    server = await NatsServer.start();
  });
  after(() => server.stop());

  test("JetStreamLog that is closed has nothing to do, whatever it has read and not told of", async () => {
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

  logContract("JetStreamLog", () => SharedLog.open());
});
