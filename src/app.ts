import { Hono } from "hono";
import { compress } from "hono/compress";
import type { Config } from "./config.ts";
import { Market } from "./core/market.ts";
import type { Tick } from "./core/tick.ts";
import { type Feed, parseFeedSpec } from "./feeds/feed.ts";
import { FeedRun } from "./feeds/feed_run.ts";
import { replay } from "./feeds/replay.ts";
import { synthetic } from "./feeds/synthetic.ts";
import { activityRoutes } from "./http/activity.ts";
import { Answers } from "./http/answers.ts";
import { barRoutes } from "./http/bars.ts";
import { corsHeaders, Origins } from "./http/cors.ts";
import { healthRoutes } from "./http/health.ts";
import { Turns } from "./http/history.ts";
import { pageRoutes } from "./http/pages.ts";
import { onError, onNotFound } from "./http/refusal.ts";
import { snapshotRoutes } from "./http/snapshot.ts";
import { hubPlace, socketHints, type SocketPlace, socketRoutes } from "./http/sockets.ts";
import { Streams } from "./http/stream.ts";
import { symbolRoutes } from "./http/symbols.ts";
import { tickRoutes } from "./http/ticks.ts";
import { widgetRoutes } from "./http/widgets.ts";
import { Hub } from "./hub/hub.ts";
import { Intake } from "./hub/intake.ts";
import { DEFAULT_LIMITS, type Limits } from "./hub/limits.ts";
import { Upkeep } from "./hub/upkeep.ts";
import type { Log } from "./log.ts";
import { Pulse, sleep } from "./pulse.ts";
import type { Accept } from "./runtime/listener.ts";
import { MemoryTape } from "./tape/memory.ts";
import { SqliteTape } from "./tape/sqlite.ts";
import type { Archive, Tape } from "./tape/tape.ts";

/** What lies outside: the clock, chance and the operator. */
export interface World {
  readonly version: string;
  readonly log: Log;
  /** Names this run of the machine: it changes only when the machine starts anew. */
  readonly bootId: string;
  /** Names this process for whoever finds its files in use. */
  readonly holder: string;
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
/** Bars of each series in memory when older ones are in a file. */
const BARS_IN_MEMORY = 120;
const REFUSED_ORIGINS_LOGGED = 100;

/** Kinds of feed: a new one is one line here. */
const FEEDS = { synthetic, replay };

/** Puts the parts together. @throws {RangeError} for a feed or tape that cannot be used */
export function createApp(config: Config, world: World): App {
  const { log, now } = world;
  const { tape, archive } = openTape(config.tape, world);
  const barsKept = archive === undefined ? config["bars-max"] : BARS_IN_MEMORY;
  const market = new Market({ barsKept });
  const feeds = config.feed.filter((name) => name !== "none").map(openFeed);
  const wake = () => pulse.touch();
  const hub = new Hub({ market, tape, archive, limits: limitsOf(config), now, wake });
  const symbolsMax = config["symbols-max"];
  const intake = new Intake({ tape, archive, market, hub, symbolsMax, waiting: wake });
  const upkeep = new Upkeep(intake, {
    retentionMs: config.retention,
    bytesMax: config["retention-size"],
    warn: log.warn,
  });
  const pulse = new Pulse({
    now,
    flush(time) {
      intake.commit();
      return hub.flush(time);
    },
    advance(time) {
      const closed = market.advance(time);
      hub.publishClosed(closed);
      hub.tend(time);
      streams.tend(time);
      upkeep.run(time);
      if (closed.length > 0) pulse.touch();
    },
  }, config.flush);
  intake.restore(barsKept);
  const accept = (ticks: readonly Tick[]) => intake.accept(ticks);

  const ended = new AbortController();
  const runs = feeds.map((feed) =>
    new FeedRun(feed, { market, tape, accept, now, sleep, log, signal: ended.signal })
  );
  const fault = (error: unknown) => log.error("Cannot serve a request", error);
  const origins = new Origins(config.origin);
  const streams = new Streams({ hub, now, random: world.random, fault });
  // Where WebSockets are accepted: a new place is one line here.
  const places = [hubPlace(hub)];
  const parts = { market, tape, archive, hub, streams, runs, origins, places, accept, fault };
  const router = createRouter(config, world, parts);

  return {
    fetch: (request) => router.fetch(request),
    upgrade: socketRoutes({ places, origins, refused: refusedOnce(log), fault }),
    start() {
      market.advance(now());
      pulse.start();
      for (const run of runs) void run.start();
    },
    async stop() {
      ended.abort();
      await letGo(hub, config.drain, world);
      pulse.stop();
      intake.commit();
      upkeep.save();
      tape.close();
    },
  };
}

interface Parts {
  readonly market: Market;
  readonly tape: Tape;
  readonly archive: Archive | undefined;
  readonly hub: Hub;
  readonly streams: Streams;
  readonly runs: readonly FeedRun[];
  readonly origins: Origins;
  readonly places: readonly SocketPlace[];
  readonly accept: (ticks: readonly Tick[]) => Promise<string>;
  readonly fault: (error: unknown) => void;
}

function createRouter(config: Config, { version, now }: World, parts: Parts): Hono {
  const { market, tape, archive, hub, streams, runs, origins, places, accept, fault } = parts;
  const { catalogue } = market;
  const position = () => hub.position;
  const bodyBytesMax = config["body-max"];
  const answers = new Answers();
  const turns = new Turns(() => sleep(0));
  const router = new Hono();
  router.use(corsHeaders(origins), compress());
  for (
    const routes of [
      pageRoutes(config.origin),
      activityRoutes({ market, tape, archive, turns, now }),
      snapshotRoutes({ market, position }),
      symbolRoutes(market),
      barRoutes({ market, archive, turns, now, fault }),
      tickRoutes({ tape, catalogue, answers, bodyBytesMax, turns, now, accept, fault }),
      widgetRoutes(catalogue),
      streams.routes(),
      socketHints(places),
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

interface OpenTape {
  readonly tape: Tape;
  readonly archive: Archive | undefined;
}

/** Engines of the tape: a new one is a few lines here. */
function openTape(name: string, world: World): OpenTape {
  const newEpoch = () => Math.floor(world.random() * 36 ** 8).toString(36).padStart(8, "0");
  const [, engine, what] = /^(memory|sqlite)(?::(.+))?$/.exec(name) ?? [];
  if (engine === "sqlite" && what !== undefined) {
    const { now, bootId, holder } = world;
    const tape = new SqliteTape({ path: what, now, bootId, holder, newEpoch });
    for (const note of tape.notes) world.log.warn(note);
    return { tape, archive: tape };
  }
  const ticksMax = what ?? String(MEMORY_TICKS);
  if (engine !== "memory" || !/^[1-9]\d{0,8}$/.test(ticksMax)) {
    throw new RangeError(
      `Cannot open tape ${name}: it is none of memory, memory:TICKS and sqlite:PATH`,
    );
  }
  // The numbering begins anew with every process, so its name must too.
  const tape = new MemoryTape({ epoch: newEpoch(), ticksMax: Number(ticksMax) });
  return { tape, archive: undefined };
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

/** Closes clients evenly over the drain time, so that they do not all come back in one instant. */
async function letGo(hub: Hub, drainMs: number, { random }: World): Promise<void> {
  hub.drain(() => Math.round(random() * drainMs));
  const steps = Math.max(1, Math.round(drainMs / 100));
  for (let step = 0; step < steps && hub.sessionCount > 0; step++) {
    hub.closeSome(1 / (steps - step));
    await sleep(drainMs / steps);
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
