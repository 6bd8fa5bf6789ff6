import { isSymbol, symbolFault, type Tick } from "../core/tick.ts";
import { parseTime } from "../core/time.ts";
import type { Mark } from "../log/log.ts";
import { patternFault } from "../hub/topic.ts";
import { parsePosition } from "../tape/tape.ts";
import {
  checkOptions,
  type Feed,
  type FeedContext,
  type FeedSpec,
  listOption,
  SourceFault,
  unusable,
} from "./feed.ts";
import type { Fetch } from "./fetching.ts";
import { Outbox } from "./outbox.ts";
import {
  type Client,
  type ClientOptions,
  loadClient,
  type Reply,
  type Row,
  type Stream,
  type StreamRequest,
  type UpstreamCorrection,
} from "./client_module.ts";
import { takeBack, TIME_STEP } from "./upstream_corrections.ts";
import { UpstreamInstruments } from "./upstream_instruments.ts";

/** With more ticks than this waiting for the tape, the relay pauses the upstream. */
const PENDING_MAX = 50_000;
/** Limit of the request for the upstream's instruments. */
const INSTRUMENTS_MAX = 100_000;

type Connect = Awaited<ReturnType<typeof loadClient>>["connect"];

interface Settings {
  readonly url: string;
  readonly symbols: readonly string[];
  /** Where a relay without a mark starts. */
  readonly from: string;
  readonly markName: string;
  /** The upstream's `/symbols`. */
  readonly symbolsUrl: string;
  readonly reach: UpstreamReach;
}

/** Connects to upstreams, also to those with a certificate of a private authority. */
export interface UpstreamReach extends Required<Pick<ClientOptions, "WebSocket">> {
  readonly fetch: Fetch;
  /** Why a server's certificate is not trusted; `undefined` for other errors. */
  fault(error: unknown): string | undefined;
}

/** Where the relay is in the upstream. */
interface Place {
  readonly position: string;
  /** The newest time that it has seen there. */
  readonly time: number;
  /**
   * `seq` of the last correction that is applied here. The upstream tells a correction again to a relay that
   * resumes at an earlier position. Applied twice, it could take back an equal tick.
   */
  readonly corrected: number;
}

/**
 * Relays all ticks and instruments of another tickwire:
 * `tickwire:wss://other:5050/ws?symbols=*&from=-1h&key=…&ca=FILE`. The position is stored in one transaction with
 * the ticks, so that none is missing or comes twice, even if either server is killed.
 * @param reachWith makes the connector; `ca` is a file of authorities besides those of the system
 * @throws {RangeError} for an invalid option
 */
export function relay(spec: FeedSpec, reachWith: (ca?: string) => UpstreamReach): Feed {
  checkOptions(spec, ["symbols", "from", "key", "ca"]);
  if (!/^wss?:\/\/./.test(spec.what) || !URL.canParse(spec.what)) {
    throw unusable(spec, "name another server, as in tickwire:ws://other:5050/ws?symbols=*");
  }
  const url = new URL(spec.what);
  if (url.pathname === "/") url.pathname = "/ws";
  const symbols = listOption(spec, "symbols");
  const wanted = symbols.length === 0 ? ["*"] : symbols;
  for (const pattern of wanted) {
    const fault = patternFault(pattern);
    if (fault !== undefined) throw unusable(spec, `symbols ${pattern}: ${fault}`);
  }
  const markName = `tickwire ${url.href} ${wanted.join(",")}`;
  const from = spec.options.get("from") ?? "0";
  if (parseTime(from, 0) === undefined) throw unusable(spec, `from=${from} is not a time`);
  const key = spec.options.get("key");
  if (key !== null) url.searchParams.set("key", key);
  const symbolsUrl = new URL(`symbols${url.search}`, url.href.replace(/^ws/, "http"));
  symbolsUrl.searchParams.set("limit", String(INSTRUMENTS_MAX));
  const reach = reachWith(spec.options.get("ca") ?? undefined);
  const settings = {
    ...{ url: url.href, symbols: wanted, from, markName, reach },
    symbolsUrl: symbolsUrl.href,
  };
  const told = new Map<string, string>();
  return { name: spec.name, run: (context) => new Relay(context, settings, told).run() };
}

/** One connection to the upstream. */
class Relay {
  readonly #context: FeedContext;
  readonly #settings: Settings;
  readonly #outbox: Outbox;
  readonly #instruments: UpstreamInstruments;
  #place: Place | undefined;
  #client: Client | undefined;
  #stream: Stream | undefined;
  #isWaiting = false;
  /** Log ticks that were left out only once. */
  #isWarned = false;
  #fail: (error: unknown) => void = () => {};

  /** @param told the fields already passed on for each instrument, over all connections */
  constructor(context: FeedContext, settings: Settings, told: Map<string, string>) {
    this.#context = context;
    this.#settings = settings;
    this.#outbox = new Outbox(context);
    const { symbolsUrl: url, symbols, reach: { fetch: fetchAnswer } } = settings;
    this.#instruments = new UpstreamInstruments({ context, url, symbols, told, fetchAnswer });
    this.#place = readMark(context.mark(settings.markName));
  }

  /** @throws {SourceFault} when the connection ends. @throws {RangeError} if the upstream refuses it for good */
  async run(): Promise<void> {
    const { signal } = this.#context;
    const { connect } = await loadClient();
    if (signal.aborted) return;
    try {
      await new Promise<void>((resolve, reject) => {
        this.#fail = reject;
        signal.addEventListener("abort", () => resolve(), { once: true });
        this.#connect(connect);
      });
    } finally {
      this.#client?.close();
      // The next attempt continues after these ticks.
      await this.#outbox.drained();
    }
  }

  #connect(connect: Connect): void {
    const { url, reach } = this.#settings;
    const { host } = new URL(url);
    this.#client = connect(url, {
      WebSocket: reach.WebSocket,
      fetch: (...asked) => this.#ask(...asked),
      onState: (state) => {
        // The operator must fix this: the same key or address would be refused again.
        if (state.kind === "refused") {
          this.#fail(new RangeError(`${host} refuses: ${state.reason}`));
        }
        if (state.kind !== "waiting") return;
        // Pass the pause on: the feed runner waits, as for all feeds.
        const retryAfterMs = state.until - this.#context.now();
        this.#fail(new SourceFault(state.reason, { retryAfterMs }));
      },
    });
    this.#subscribe(this.#place?.position ?? this.#settings.from);
  }

  /** A WebSocket does not report why it could not connect, but the client's request afterwards does. */
  async #ask(...asked: Parameters<Fetch>): Promise<Response> {
    const { url, reach } = this.#settings;
    try {
      return await reach.fetch(...asked);
    } catch (error) {
      const fault = reach.fault(error);
      if (fault !== undefined) this.#fail(new SourceFault(`${new URL(url).host}: ${fault}`));
      throw error;
    }
  }

  #subscribe(from: string | number): void {
    const { symbols } = this.#settings;
    const request: StreamRequest = { symbols, channel: "tick", mode: "all", from };
    this.#stream?.close();
    const stream: Stream = this.#stream = this.#client!.subscribe(request, {
      onReply: (reply) => stream === this.#stream && this.#answered(reply),
      onRows: (rows) => stream === this.#stream && this.#take(rows),
      onCorrected: (told) => stream === this.#stream && this.#correct(told),
      onError: ({ message }) => this.#fail(new SourceFault(`The upstream refuses: ${message}`)),
    });
  }

  #answered({ resumed, recovered, reason = "", position }: Reply): void {
    this.#context.ready();
    this.#instruments.see();
    const place = this.#place;
    if (resumed || recovered) return;
    const { host } = new URL(this.#settings.url);
    if (place === undefined) {
      return this.#context.warn(`Missed ticks of ${host} before ${position}: ${reason}`);
    }
    this.#place = undefined;
    if (epochOf(position) === epochOf(place.position)) {
      this.#context.warn(
        `Missed ticks of ${host} after ${place.position}, which it no longer keeps: ${reason}`,
      );
      this.#subscribe("0");
    } else {
      const time = new Date(place.time).toISOString();
      this.#context.warn(
        `Missed ticks of ${host} after ${place.position}, up to its next tick after ${time}: ${reason}`,
      );
      this.#subscribe(place.time + TIME_STEP);
    }
  }

  #take(rows: readonly Row[]): void {
    const ticks = rows as unknown as readonly Tick[];
    const good = ticks.filter(isGood);
    if (good.length < ticks.length) this.#leaveOut(ticks);
    this.#instruments.see(good);
    const time = ticks.reduce(
      (newest, tick) => Math.max(newest, tick.time),
      this.#place?.time ?? 0,
    );
    const { corrected = 0 } = this.#place ?? {};
    this.#place = { position: this.#stream!.position!, time, corrected };
    this.#outbox.put(good.map(tickOf), this.#mark(this.#place));
    if (this.#outbox.size > PENDING_MAX && !this.#isWaiting) void this.#hold();
  }

  /** Passes a correction on, in its place among the ticks. */
  #correct(correction: UpstreamCorrection): void {
    const { symbol, seq, seqs, rows, removed } = correction;
    const { position, time = 0, corrected = 0 } = this.#place ?? {};
    if (seq <= corrected || !isSymbol(symbol)) return;
    if (seqs !== undefined && rows === undefined) {
      const { host } = new URL(this.#settings.url);
      this.#context.warn(`Cannot take back ticks of ${symbol}: ${host} is too old to say which`);
    }
    if (removed === true) this.#instruments.removed(symbol);
    const marks: Mark[] = [];
    if (position !== undefined) {
      this.#place = { position, time, corrected: seq };
      marks.push(this.#mark(this.#place));
    }
    this.#outbox.andThen(() => takeBack(this.#context, correction, marks));
  }

  /** An older upstream may have symbols that are not valid any more. */
  #leaveOut(ticks: readonly Tick[]): void {
    const bad = ticks.filter((tick) => !isGood(tick));
    this.#context.leftOut(bad.length);
    if (this.#isWarned) return;
    this.#isWarned = true;
    const { host } = new URL(this.#settings.url);
    const [{ symbol }] = bad as [Tick];
    const reason = symbolFault(symbol) ?? "a number is not finite";
    this.#context.warn(`Left out ticks of ${JSON.stringify(symbol)} of ${host}: ${reason}`);
  }

  /** Pauses the upstream until the tape has caught up. It loses nothing, because it reads its own tape then. */
  async #hold(): Promise<void> {
    this.#isWaiting = true;
    const stream = this.#stream;
    stream?.update({ pause: true });
    try {
      await this.#outbox.drained();
      stream?.update({ resume: true });
    } catch (error) {
      this.#fail(error);
    }
    this.#isWaiting = false;
  }

  #mark({ position, time, corrected }: Place): Mark {
    return { name: this.#settings.markName, value: `${position} ${time} ${corrected}` };
  }
}

function readMark(value: string | undefined): Place | undefined {
  const [position, time, corrected = 0] = value?.split(" ") ?? [];
  if (position === undefined) return undefined;
  return { position, time: Number(time), corrected: Number(corrected) };
}

function isGood({ symbol, price, size, bid, ask }: Tick): boolean {
  return isSymbol(symbol) && Number.isFinite(price) &&
    [size, bid, ask].every((value) => value === null || Number.isFinite(value));
}

function tickOf({ symbol, time, price, size, bid, ask }: Tick): Tick {
  return { symbol, time, price, size, bid, ask };
}

function epochOf(position: string): string | undefined {
  return parsePosition(position)?.epoch;
}
