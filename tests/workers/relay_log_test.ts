import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import { openToRead } from "../../src/store/database.ts";
import { Market } from "../../src/core/market.ts";
import { Maintenance } from "../../src/replica/maintenance.ts";
import { Replica } from "../../src/replica/replica.ts";
import {
  type OpenFollowed,
  openFollowed,
  type OpenTape,
  openTape,
} from "../../src/tape/engines.ts";
import { ChannelLog } from "../../src/workers/channel_log.ts";
import { FrameReader } from "../../src/workers/frames.ts";
import { type Joined, RelayLog } from "../../src/workers/relay_log.ts";
import { tick } from "../core/ticks.ts";
import { view } from "../helpers/replica.ts";
import { readAll } from "../helpers/store.ts";
import { TapeFolder } from "../helpers/tape_file.ts";

const folder = new TapeFolder();
const SYMBOLS = ["A", "B", "C", "D", "E"];
const BARS_HELD = 4;
/** So few that blocks have 1,000 ticks. */
const BYTES_MAX = 160_000;

/** A process that reads the file of another; the test decides when it gets the other's frames. */
class Reader {
  readonly market = new Market({ barsKept: BARS_HELD });
  readonly opened: OpenFollowed;
  readonly replica: Replica;
  readonly log: ChannelLog;
  readonly #frames = new FrameReader();
  readonly #waiting: Uint8Array[] = [];
  joined: Joined | undefined;

  constructor(path: string, relay: RelayLog) {
    const isHere = relay.expect();
    let log: ChannelLog | undefined;
    const options = { barsKept: BARS_HELD, bytesMax: BYTES_MAX, waiting() {} };
    this.opened = openFollowed(`sqlite:${path}`, options, (epoch, sharing) =>
      log = new ChannelLog({
        ...{ epoch, sharing, elapsed: () => 0, sleep: () => Promise.resolve(), waiting() {} },
        send: (frame) => this.joined!.draft(frame.subarray(5)),
        say: (message) => {
          const said = message as { op: string; after: number; count: number; tail: number };
          if (said.op === "released") return this.joined!.released(said.tail);
          this.joined = relay.join(
            said.after,
            said.count,
            (frame) => void this.#waiting.push(frame.slice()),
          );
          assert.ok(this.joined !== undefined);
          isHere();
        },
      }));
    this.log = log!;
    const { market } = this;
    const { tape } = this.opened;
    this.replica = new Replica({
      ...{ log: this.log, tape, market },
      hub: { publish() {}, publishGiven() {}, refresh() {}, correct() {} },
    });
    this.replica.start(BARS_HELD);
    this.opened.settled();
  }

  /** Receives so many of the waiting frames, and handles them. */
  hear(count = Infinity): void {
    for (const frame of this.#waiting.splice(0, count)) {
      for (const each of this.#frames.read(frame)) this.log.receive(each);
    }
    while (this.replica.work());
  }

  close(): void {
    this.joined!.left();
    this.opened.tape.close();
  }
}

/** The process that writes the file. */
class First {
  now = 1_763_700_000_000;
  readonly market = new Market({ barsKept: BARS_HELD });
  readonly tape: OpenTape["tape"];
  readonly relay: RelayLog;
  readonly replica: Replica;
  readonly maintenance: Maintenance;

  constructor(path: string) {
    const now = () => this.now;
    const world = { bootId: "b", holder: "h", now, elapsed: () => 0, random: () => 0.5, warn() {} };
    const options = { barsKept: BARS_HELD, bytesMax: BYTES_MAX, waiting() {} };
    const released = () => this.relay.released;
    const { log, tape } = openTape(`sqlite:${path}`, world, { ...options, released });
    this.tape = tape;
    const relay = this.relay = new RelayLog({ log, sharing: () => tape.sharing });
    const { market } = this;
    this.replica = new Replica({
      log: relay,
      tape,
      market,
      hub: { publish() {}, publishGiven() {}, refresh() {}, correct() {} },
    });
    this.maintenance = new Maintenance({
      ...{ replica: this.replica, log: relay, tape, retentionMs: 1e15, bytesMax: 1e15 },
      info() {},
      warn: (message) => assert.fail(message),
    });
    this.replica.start(BARS_HELD);
  }

  work(): void {
    while (this.replica.work());
  }

  tidy(): void {
    while (this.replica.save() < this.tape.head);
    while (this.maintenance.run(this.now));
    this.relay.tellNews();
  }

  retain(): void {
    while (this.tape.retain({ before: this.now - 5_000, bytesMax: 1e15 }, 0));
    this.relay.tellNews();
  }
}

type Step = { kind: string; size: number };

const KINDS = ["ticks", "ticks", "ticks", "tidy", "hear", "reader", "retain", "leave", "write"];
const step = fc.record({
  kind: fc.constantFrom(...KINDS),
  size: fc.integer({ min: 1, max: 700 }),
});

/** Runs the steps. Readers must give the same data as the writer. */
async function run(steps: readonly Step[]): Promise<void> {
  const path = folder.fresh();
  const first = new First(path);
  const readers: Reader[] = [];
  let sent = 0;
  const ticksOf = (size: number) =>
    Array.from({ length: size }, () => {
      const place = sent++;
      const late = place % 7 === 0 ? 50_000 : place % 97 === 0 ? 3_600_000 : 0;
      const symbol = SYMBOLS[Math.min(place % 5, Math.floor(place / 300))]!;
      return tick({ symbol, time: 1e9 + place * 700 - late, price: 100 + place % 89 });
    });
  const compare = () => {
    first.work();
    for (const reader of readers) {
      reader.hear();
      assert.deepEqual(viewOf(reader.opened.tape, reader.market), viewOf(first.tape, first.market));
    }
  };
  for (const { kind, size } of steps) {
    first.now += 1_000;
    const reader = readers[size % Math.max(1, readers.length)];
    const ticks = ticksOf(kind === "ticks" || kind === "write" ? size : 0);
    if (kind === "ticks") {
      void first.relay.append({ ticks, key: `${size % 50}` });
      first.work();
    } else if (kind === "write" && reader !== undefined) {
      const appended = reader.log.append({ ticks });
      first.work();
      await Promise.resolve();
      reader.hear();
      const { last } = await appended;
      assert.ok(reader.opened.tape.head >= last);
    } else if (kind === "tidy") first.tidy();
    else if (kind === "hear" && reader !== undefined) {
      // A reader that has not been told can still read forgotten data.
      viewOf(reader.opened.tape, reader.market);
      reader.hear(size % 20);
    } else if (kind === "retain") first.retain();
    else if (kind === "reader" && readers.length < 3) readers.push(new Reader(path, first.relay));
    else if (kind === "leave") readers.shift()?.close();
    if (size % 7 === 0) compare();
  }
  compare();
  for (const reader of readers) reader.close();
  first.tape.close();
}

function viewOf(tape: OpenTape["tape"], market: Market) {
  const all = { limit: Infinity };
  return {
    // Short bars are forgotten with their ticks; an older reader still has some in memory.
    market: view(market, tape).filter((text) => !/"interval":"\d+s"/.test(text)),
    ticks: readAll(tape, all),
    ofOne: SYMBOLS.map((symbol) => readAll(tape, { symbols: new Set([symbol]), ...all }).length),
    receipts: SYMBOLS.map((_, key) => tape.receipt(`${7 * key}`)),
    ...{ head: tape.head, tail: tape.tail },
  };
}

describe("RelayLog", () => {
  test("RelayLog gives its readers the data of the writer, for any time of joining", async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 10, maxLength: 60 }), run),
      { numRuns: 8, seed: 14 },
    );
  });

  test("Forgotten data stays as long as a reader may read it", () => {
    const path = folder.fresh();
    const first = new First(path);
    const ticks = Array.from({ length: 1_000 }, (_, index) => tick({ symbol: "A", time: index }));
    for (let block = 0; block < 3; block++) {
      void first.relay.append({ ticks });
      first.work();
      first.tidy();
    }
    const reader = new Reader(path, first.relay);
    reader.hear();
    const blocks = () => {
      const { db } = openToRead(path);
      const { count } = db.prepare("SELECT count(DISTINCT block) AS count FROM chunk").get()!;
      db.close();
      return count;
    };
    assert.equal(blocks(), 3);
    first.now += 86_400_000;
    first.retain();
    assert.equal(first.tape.tail, 2_999);
    assert.equal(readAll(reader.opened.tape, { limit: Infinity }).length, 3_000);
    reader.hear();
    assert.equal(readAll(reader.opened.tape, { limit: Infinity }).length, 1);
    first.retain();
    assert.equal(blocks(), 1);
    reader.close();
    first.tape.close();
  });

  test("A reader that opened the file before data was forgotten has to open it again", () => {
    const first = new First(folder.fresh());
    void first.relay.append({ ticks: Array.from({ length: 1_000 }, () => tick()) });
    first.work();
    first.tidy();
    assert.equal(first.relay.join(0, 0, () => {}), undefined);
    assert.ok(first.relay.join(1_000, 1, () => {}) !== undefined);
    first.tape.close();
  });
});
