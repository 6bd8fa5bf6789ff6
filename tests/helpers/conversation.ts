/**
 * Plays conversations in a text against a real hub, with a clock that the text moves.
 *
 * ```
 * # a comment
 * ? symbol=AAPL&channel=quote       a client opens /ws with this query; the previous one leaves
 * ? /kraken                         a client opens another path; its first message follows
 * > {"op":"ping","id":1}            the client sends a frame
 * < {"op":"pong", …}                the client receives a frame
 * * {"symbol":"AAPL","price":150}   a tick arrives, or a list of them
 * - {"symbol":"AAPL","seqs":[1]}    ticks are cancelled
 * + 100                             milliseconds pass
 * = {"symbol":"X","decimals":5}     an instrument is defined
 * ! 5000                            the server drains: clients shall reconnect after this time
 * x 4400 Cannot read every          the server closes the connection
 * ```
 * The lines after an action are all its results, in order. A line that starts with a blank continues the
 * one before it. Frames are compared as JSON; an ellipsis at the end of an object or a text matches anything.
 */
import assert from "node:assert/strict";
import type { Correction } from "../../src/core/correction.ts";
import type { Tick } from "../../src/core/tick.ts";
import { ALL } from "../../src/hub/grant.ts";
import type { Hub } from "../../src/hub/hub.ts";
import type { Limits } from "../../src/hub/limits.ts";
import type { Reach } from "../../src/hub/topic.ts";
import type { Session } from "../../src/hub/session.ts";
import type { Wire } from "../../src/hub/wire.ts";
import { Figures } from "../../src/tape/figures.ts";
import { chooseDialect, type Dialect } from "../../src/wire/choose.ts";
import { Pairs } from "../../src/wire/kraken_pairs.ts";
import { krakenV1 } from "../../src/wire/kraken_v1.ts";
import { krakenV2 } from "../../src/wire/kraken_v2.ts";
import { START, TestHub } from "./test_hub.ts";

const STEP_MS = 250;
const REST = "…";

/** A client of a socket, seen from the server. */
export class Client {
  /** Frames that the test has not read. */
  #frames: string[] = [];
  /** Bytes that the client has not read. */
  unread = 0;
  #closed: string | undefined;
  readonly #session: Session;

  constructor(hub: Hub, dialect: Pick<Dialect, "wire" | "begin">) {
    const unread = () => this.unread;
    const socket = {
      get buffered() {
        return unread();
      },
      send: (text: string) => void this.#frames.push(text),
      close: (code: number, reason: string) => {
        this.#closed = `${code} ${reason}`;
      },
    };
    this.#session = hub.open(socket, dialect.wire);
    if (dialect.begin !== undefined) this.#session.begin(dialect.begin);
  }

  /** Code and reason of the server's close. */
  get closed(): string | undefined {
    return this.#closed;
  }

  send(frame: unknown): void {
    this.#session.receive(typeof frame === "string" ? frame : JSON.stringify(frame));
  }

  leave(): void {
    this.#session.closed();
  }

  /** The frames since the last call, as text. */
  texts(): string[] {
    return this.#frames.splice(0);
  }

  /** The frames since the last call, parsed. */
  frames(): unknown[] {
    return this.texts().map((text) => JSON.parse(text));
  }
}

/** A hub with a clock that the test moves. It does what falls due meanwhile. */
export class PacedHub extends TestHub {
  readonly #places: Readonly<Record<string, (connection: number, reach: Reach) => Wire>>;
  readonly #flushMs: number;
  #flushedAt = -Infinity;
  #flushAt = Infinity;

  constructor(limits: Partial<Limits> = {}) {
    super(limits, { epoch: "k3f9" });
    const { flushMs, patternsMax: pairsMax } = this.limits;
    this.#flushMs = flushMs;
    const { market, kept: tape } = this;
    const kraken = {
      figures: new Figures({ market, tape, archive: tape, now: () => this.now }),
      pairs: new Pairs(market.catalogue),
      pairsMax,
    };
    this.#places = { "/kraken": krakenV1(kraken), "/kraken/v2": krakenV2(kraken) };
    market.advance(this.now);
  }

  /** @param address another path, or the query of `/ws` */
  join(address = ""): Client {
    const place = this.#places[address];
    const dialect = place === undefined
      ? chooseDialect(new URLSearchParams(address))
      : { wire: place(1, ALL) };
    return new Client(this.hub, dialect);
  }

  /** Appends ticks; a missing time is now. */
  ticks(...ticks: Partial<Tick>[]): void {
    this.append(ticks.map((tick): Tick => ({
      symbol: "AAPL",
      time: this.now,
      price: 1,
      size: null,
      bid: null,
      ask: null,
      ...tick,
    })));
    this.wake();
  }

  override cancel(correction: Correction): void {
    super.cancel(correction);
    this.wake();
  }

  override pass(ms: number): undefined {
    const end = this.now + ms;
    while (this.now < end) {
      const stepAt = START + (Math.floor((this.now - START) / STEP_MS) + 1) * STEP_MS;
      const dueAt = Math.min(this.#flushAt, this.servedAt);
      this.now = Math.min(end, stepAt, Math.max(this.now, dueAt));
      if (this.now >= this.servedAt) this.serve();
      if (this.now >= this.#flushAt) this.#flush();
      if (this.now !== stepAt) continue;
      this.hub.publishClosed(this.market.advance(this.now));
      this.hub.tend(this.now);
      this.wake();
    }
  }

  protected override wake(): void {
    this.#flushAt = Math.min(this.#flushAt, this.#flushedAt + this.#flushMs);
    if (this.now >= this.#flushAt) this.#flush();
  }

  #flush(): void {
    this.#flushedAt = this.now;
    const next = this.hub.flush(this.now);
    this.#flushAt = next === undefined ? Infinity : Math.max(next, this.now + this.#flushMs);
  }
}

interface Line {
  readonly number: number;
  readonly sign: string;
  readonly text: string;
}

/** The result of an action, at a path such as `/kraken` or a query of `/ws`. */
export interface Exchange {
  readonly address: string;
  /** The client's frame, if that was the action. */
  readonly request: string | undefined;
  readonly frames: readonly unknown[];
}

/**
 * Plays a conversation and fails at the first difference.
 * @param watch receives all frames, complete
 */
export function play(
  text: string,
  limits: Partial<Limits> = {},
  watch: (exchange: Exchange) => void = () => {},
): void {
  const hub = new PacedHub(limits);
  const lines = readLines(text);
  let client: Client | undefined;
  let address = "";
  for (let index = 0; index < lines.length;) {
    const action = lines[index++]!;
    if (action.sign === "?") client?.leave();
    if (action.sign === "?" || client === undefined) {
      address = action.sign === "?" ? action.text : "";
      client = hub.join(address);
    }
    act(hub, client, action);
    const expected = [];
    while ("<x".includes(lines[index]?.sign ?? "none")) expected.push(lines[index++]!);
    const frames = client.frames();
    watch({ address, request: action.sign === ">" ? action.text : undefined, frames });
    compare({ frames, closed: client.closed }, action, expected);
  }
}

function readLines(text: string): Line[] {
  const lines: Line[] = [];
  for (const [index, line] of text.split("\n").entries()) {
    if (line.trim() === "" || line.startsWith("#")) continue;
    const last = lines.at(-1);
    if (/^\s/.test(line) && last !== undefined) {
      lines[lines.length - 1] = { ...last, text: last.text + line.trim() };
    } else {
      lines.push({ number: index + 1, sign: line[0]!, text: line.slice(1).trim() });
    }
  }
  return lines;
}

function act(hub: PacedHub, client: Client, { number, sign, text }: Line): void {
  if (sign === ">") client.send(text);
  else if (sign === "+") hub.pass(Number(text));
  else if (sign === "*") hub.ticks(...[JSON.parse(text)].flat());
  else if (sign === "-") hub.cancel(JSON.parse(text));
  else if (sign === "=") {
    const { symbol, ...fields } = JSON.parse(text);
    hub.market.define(symbol, fields);
  } else if (sign === "!") hub.hub.drain(() => Number(text));
  else if (sign !== "?") {
    throw new SyntaxError(`Cannot play line ${number}: it begins with ${sign}`);
  }
}

function compare(
  came: { readonly frames: readonly unknown[]; readonly closed: string | undefined },
  action: Line,
  expected: readonly Line[],
): void {
  const wantedFrames = expected.filter(({ sign }) => sign === "<");
  const close = expected.find(({ sign }) => sign === "x");
  const wanted = wantedFrames.map(({ text }) =>
    JSON.parse(text.replaceAll(/,\s*…\s*}/g, `,"${REST}":1}`))
  );
  const found = came.frames;
  assert.deepEqual(
    found.map((frame, index) => cut(frame, wanted[index])),
    wanted,
    `line ${action.number}: ${action.sign} ${action.text}\ngot ${JSON.stringify(found, null, 1)}`,
  );
  const reason = close === undefined ? undefined : cut(came.closed, close.text);
  assert.equal(close === undefined ? came.closed : reason, close?.text, `line ${action.number}`);
}

/** The found value without the parts that the text leaves open. */
function cut(found: unknown, wanted: unknown): unknown {
  if (typeof found === "string" && typeof wanted === "string" && wanted.endsWith(REST)) {
    return found.startsWith(wanted.slice(0, -1)) ? wanted : found;
  }
  if (Array.isArray(found) && Array.isArray(wanted)) {
    return found.map((item, index) => cut(item, wanted[index]));
  }
  if (!isRecord(found) || !isRecord(wanted)) return found;
  const names = REST in wanted ? Object.keys(wanted).filter((name) => name in found) : undefined;
  const kept = (names ?? Object.keys(found)).map((name) => [name, cut(found[name], wanted[name])]);
  return { ...Object.fromEntries(kept), ...(names === undefined ? {} : { [REST]: 1 }) };
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
