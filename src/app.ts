import { Hono } from "hono";
import { compress } from "hono/compress";
import type { Config } from "./config.ts";
import { Market } from "./core/market.ts";
import type { Tick } from "./core/tick.ts";
import { type Feed, type FeedContext, parseFeedSpec } from "./feeds/feed.ts";
import { replay } from "./feeds/replay.ts";
import { synthetic } from "./feeds/synthetic.ts";
import { Answers } from "./http/answers.ts";
import { barRoutes } from "./http/bars.ts";
import { corsHeaders, Origins } from "./http/cors.ts";
import { type FeedStatus, healthRoutes } from "./http/health.ts";
import { pageRoutes } from "./http/pages.ts";
import { onError, onNotFound } from "./http/refusal.ts";
import { snapshotRoutes } from "./http/snapshot.ts";
import { socketHint, socketRoutes } from "./http/sockets.ts";
import { symbolRoutes } from "./http/symbols.ts";
import { tickRoutes } from "./http/ticks.ts";
import { widgetRoutes } from "./http/widgets.ts";
import { ClientError } from "./hub/client_error.ts";
import { Hub } from "./hub/hub.ts";
import { DEFAULT_LIMITS, type Limits } from "./hub/limits.ts";
import type { Log } from "./log.ts";
import { Pulse } from "./pulse.ts";
import type { Accept } from "./runtime/listener.ts";
import { MemoryTape } from "./tape/memory.ts";
import { formatPosition, type Tape } from "./tape/tape.ts";

/** What lies outside: the clock, chance and the operator. */
export interface World {
  readonly version: string;
  readonly log: Log;
  now(): number;
  random(): number;
}

export interface App {
  readonly fetch: (request: Request) => Response | Promise<Response>;
  readonly upgrade: (request: Request) => Accept | Response;
  /** Starts the feeds and the pulse. */
  start(): void;
  /** Tells clients to go, lets them go one after another, and ends the feeds. */
  stop(): Promise<void>;
}

const MEMORY_TICKS = 250_000;
const REFUSED_ORIGINS_LOGGED = 100;

/** Kinds of feed: a new one is one line here. */
const FEEDS = { synthetic, replay };

/** Puts the parts together. @throws {RangeError} for a feed or tape that cannot be used */
export function createApp(config: Config, world: World): App {
  const { log, now } = world;
  const market = new Market({ barsKept: config["bars-max"] });
  const tape = openTape(config.tape, world);
  const feeds = config.feed.filter((name) => name !== "none").map(openFeed);
  const hub = new Hub({ market, epoch: tape.epoch, limits: limitsOf(config), now });
  const pulse = new Pulse({
    now,
    flush: (time) => hub.flush(time),
    advance(time) {
      const closed = market.advance(time);
      hub.publishClosed(closed);
      hub.tend(time);
      if (closed.length > 0) pulse.touch();
    },
  }, config.flush);

  /** The path of every tick: onto the tape, into the market, to whoever wants it. */
  const accept = (ticks: readonly Tick[]): Promise<string> => {
    checkRoom(ticks, market, config["symbols-max"]);
    const taped = tape.append(ticks);
    for (const tick of taped) {
      market.apply(tick);
      hub.publish(tick);
    }
    pulse.touch();
    return Promise.resolve(formatPosition(tape.epoch, taped.at(-1)?.seq ?? tape.head));
  };

  const ended = new AbortController();
  const runs = feeds.map((feed) =>
    new FeedRun(feed, { market, tape, accept, world, signal: ended.signal })
  );
  const fault = (error: unknown) => log.error("Cannot serve a request", error);
  const origins = new Origins(config.origin);
  const router = createRouter(config, world, { market, tape, hub, runs, origins, accept, fault });

  return {
    fetch: (request) => router.fetch(request),
    upgrade: socketRoutes({ hub, origins, refused: refusedOnce(log), fault }),
    start() {
      market.advance(now());
      pulse.start();
      for (const run of runs) void run.start();
    },
    async stop() {
      ended.abort();
      await letGo(hub, config.drain, world);
      pulse.stop();
      tape.close();
    },
  };
}

interface Parts {
  readonly market: Market;
  readonly tape: Tape;
  readonly hub: Hub;
  readonly runs: readonly FeedRun[];
  readonly origins: Origins;
  readonly accept: (ticks: readonly Tick[]) => Promise<string>;
  readonly fault: (error: unknown) => void;
}

function createRouter(config: Config, { version, now }: World, parts: Parts): Hono {
  const { market, tape, hub, runs, origins, accept, fault } = parts;
  const { catalogue } = market;
  const position = () => hub.position;
  const bodyBytesMax = config["body-max"];
  const answers = new Answers();
  const router = new Hono();
  router.use(corsHeaders(origins), compress());
  for (
    const routes of [
      pageRoutes(config.origin),
      snapshotRoutes({ market, position }),
      symbolRoutes(market),
      barRoutes({ market, now }),
      tickRoutes({ tape, catalogue, answers, bodyBytesMax, now, accept }),
      widgetRoutes(catalogue),
      socketHint(),
      healthRoutes({
        version,
        feeds: () => runs.map(({ status }) => status),
        position,
        clients: () => hub.sessionCount,
      }),
    ]
  ) router.route("/", routes);
  router.onError(onError(fault));
  router.notFound(onNotFound(router));
  return router;
}

function openTape(tape: string, { random }: World): Tape {
  const match = /^memory(?::([1-9]\d{0,8}))?$/.exec(tape);
  if (match === null) {
    throw new RangeError(`Cannot open tape ${tape}: it is neither memory nor memory:TICKS`);
  }
  // The numbering begins anew with every process, so its name must too.
  const epoch = Math.floor(random() * 36 ** 8).toString(36).padStart(8, "0");
  return new MemoryTape({ epoch, ticksMax: Number(match[1] ?? MEMORY_TICKS) });
}

function openFeed(name: string): Feed {
  const spec = parseFeedSpec(name);
  const open = Object.hasOwn(FEEDS, spec.kind) ? FEEDS[spec.kind as keyof typeof FEEDS] : undefined;
  if (open !== undefined) return open(spec);
  const kinds = [...Object.keys(FEEDS), "none"].join(", ");
  throw new RangeError(`Cannot use feed ${name}: its kind is none of ${kinds}`);
}

function limitsOf(config: Config): Limits {
  return {
    ...DEFAULT_LIMITS,
    sessionsMax: config["sessions-max"],
    subscriptionsMax: config["subscriptions-max"],
    commandsPerSecond: config["commands-max"],
    commandsBurst: 2 * config["commands-max"],
    frameBytesMax: config["frame-max"],
    bufferedBytesMax: config["buffered-max"],
    stalledMsMax: config.stalled,
    heartbeatMs: config.heartbeat,
    flushMs: config.flush,
  };
}

/** @throws {ClientError} when a batch would name more instruments than there is room for */
function checkRoom(ticks: readonly Tick[], market: Market, symbolsMax: number): void {
  const { catalogue } = market;
  const unseen = new Set<string>();
  for (const { symbol } of ticks) if (!catalogue.has(symbol)) unseen.add(symbol);
  if (catalogue.size + unseen.size <= symbolsMax) return;
  const [symbol] = unseen;
  throw new ClientError(
    "too_many_symbols",
    `Cannot take ticks of ${symbol}: ${symbolsMax} symbols are the limit, see --symbols-max`,
  );
}

interface FeedParts {
  readonly market: Market;
  readonly tape: Tape;
  readonly accept: (ticks: readonly Tick[]) => Promise<string>;
  readonly world: World;
  readonly signal: AbortSignal;
}

/** A feed at work: it may end or fail, never the server. */
class FeedRun {
  readonly #feed: Feed;
  readonly #parts: FeedParts;
  #status: FeedStatus;

  constructor(feed: Feed, parts: FeedParts) {
    this.#feed = feed;
    this.#parts = parts;
    this.#status = { name: feed.name, state: "starting", error: null, ticks: 0 };
  }

  get status(): FeedStatus {
    return this.#status;
  }

  async start(): Promise<void> {
    const { signal, world: { log } } = this.#parts;
    const { name } = this.#feed;
    try {
      await this.#feed.run(this.#context());
      this.#set({ state: "ended" });
      if (!signal.aborted) log.info(`Feed ${name} has come to its end`);
    } catch (error) {
      this.#set({ state: "failed", error: error instanceof Error ? error.message : String(error) });
      log.error(`Feed ${name} failed`, error);
    }
  }

  #context(): FeedContext {
    const { market, tape, accept, world, signal } = this.#parts;
    return {
      signal,
      now: world.now,
      tapeEmpty: tape.head === 0,
      sleep: (ms) => sleep(ms, signal),
      emit: async (ticks) => {
        await accept(ticks);
        this.#set({ ticks: this.#status.ticks + ticks.length });
      },
      define: (symbol, fields) => market.define(symbol, fields),
      ready: () => this.#set({ state: "running" }),
      warn: (message) => world.log.warn(message),
    };
  }

  #set(change: Partial<FeedStatus>): void {
    this.#status = { ...this.#status, ...change };
  }
}

function sleep(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const wake = () => {
      clearTimeout(timer);
      signal.removeEventListener("abort", wake);
      resolve();
    };
    const timer = setTimeout(wake, signal.aborted ? 0 : Math.max(0, ms));
    signal.addEventListener("abort", wake);
  });
}

/** Closes clients evenly over the drain time, so that they do not all come back in one instant. */
async function letGo(hub: Hub, drainMs: number, { random }: World): Promise<void> {
  hub.drain(() => Math.round(random() * drainMs));
  const steps = Math.max(1, Math.round(drainMs / 100));
  for (let step = 0; step < steps && hub.sessionCount > 0; step++) {
    hub.closeSome(1 / (steps - step));
    await new Promise((resolve) => setTimeout(resolve, drainMs / steps));
  }
}

/** Names each refused origin once, with the flag that would allow it. */
function refusedOnce(log: Log): (origin: string) => void {
  const logged = new Set<string>();
  return (origin) => {
    if (logged.has(origin) || logged.size >= REFUSED_ORIGINS_LOGGED) return;
    logged.add(origin);
    log.warn(`Refused a WebSocket from ${origin}; --origin ${origin} would allow it`);
  };
}
