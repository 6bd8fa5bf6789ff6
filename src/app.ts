import { Hono } from "hono";
import { compress } from "hono/compress";
import type { Config } from "./config.ts";
import { Market } from "./core/market.ts";
import { type Environment, type FeedSpec, openFeeds } from "./feeds/feed.ts";
import { type FeedParts, FeedRuns } from "./feeds/feed_run.ts";
import { kraken } from "./feeds/kraken.ts";
import { poll } from "./feeds/poll.ts";
import { relay } from "./feeds/relay.ts";
import { replay } from "./feeds/replay.ts";
import { stdin } from "./feeds/stdin.ts";
import { synthetic } from "./feeds/synthetic.ts";
import type { Access } from "./http/access.ts";
import { activityRoutes } from "./http/activity.ts";
import { authorizer, openAccess } from "./http/admission.ts";
import { Backup } from "./http/backup.ts";
import { barRoutes } from "./http/bars.ts";
import { contractRoutes } from "./http/contracts.ts";
import { corsHeaders } from "./http/cors.ts";
import { type Entry, openEntry } from "./http/entry.ts";
import { healthRoutes } from "./http/health.ts";
import { Turns } from "./http/history.ts";
import { influxRoutes } from "./http/influx.ts";
import { KrakenApi } from "./http/kraken.ts";
import { Metrics } from "./http/metrics.ts";
import { openbbRoutes } from "./http/openbb.ts";
import { pageRoutes } from "./http/pages.ts";
import { parameterChecks } from "./http/parameters.ts";
import { redirector } from "./http/redirect.ts";
import { onError, onNotFound } from "./http/refusal.ts";
import { snapshotRoutes } from "./http/snapshot.ts";
import {
  hubPlace,
  roomsPlace,
  socketHints,
  type SocketPlace,
  socketRoutes,
} from "./http/sockets.ts";
import { Streams } from "./http/stream.ts";
import { type Handlers, strictly } from "./http/strict_transport.ts";
import { symbolRoutes } from "./http/symbols.ts";
import { tickRoutes } from "./http/ticks.ts";
import { udfRoutes } from "./http/udf.ts";
import { widgetRoutes } from "./http/widgets.ts";
import { countOf, type Crowd, letGo } from "./hub/crowd.ts";
import { Hub } from "./hub/hub.ts";
import { limitsOf } from "./hub/limits.ts";
import { Rooms } from "./hub/rooms.ts";
import { Rota } from "./hub/rota.ts";
import type { Log } from "./logger.ts";
import { ADVANCE_MS, Pulse, sleep, turn } from "./pulse.ts";
import { upstreamReach } from "./runtime/reach.ts";
import { Maintenance } from "./replica/maintenance.ts";
import { Replica } from "./replica/replica.ts";
import { Writer } from "./replica/writer.ts";
import { openTape, parseTapeSpec } from "./tape/engines.ts";
import type { StoredTape } from "./tape/stored_tape.ts";

/** What lies outside: the clock, chance and the operator. */
export interface World {
  readonly version: string;
  readonly log: Log;
  /** Names this run of the machine: it changes only when the machine starts anew. */
  readonly bootId: string;
  /** Names this process for whoever finds its files in use. */
  readonly holder: string;
  readonly environment: Environment;
  now(): number;
  /** Milliseconds, finer than `now`, since any moment. */
  elapsed(): number;
  random(): number;
  memoryBytes(): number;
}

export interface App extends Handlers {
  /** Answers plain HTTP beside TLS. @param port at which there is TLS */
  readonly redirect: (request: Request, port: number) => Response;
  /** Starts the feeds and the pulse. */
  start(): void;
  /** Tells clients to go, lets them go one after another, and ends the feeds. */
  stop(): Promise<void>;
}

/** Bars of each series that the market holds; older ones are read from the tape. */
const BARS_IN_MEMORY = 120;

/** Kinds of feed: a new one is one word here. */
const FEEDS = {
  ...{ synthetic, replay, stdin, poll, kraken },
  tickwire: (spec: FeedSpec) => relay(spec, upstreamReach),
};

/** Puts the parts together. @throws {RangeError} for a feed or tape that cannot be used */
export function createApp(config: Config, world: World): App {
  const { log, now, elapsed, random } = world;
  const access = openAccess(config, { now, warn: log.warn });
  const { log: entries, tape, snapshots } = openTape(config.tape, { ...world, warn: log.warn }, {
    barsKept: config["bars-max"],
    bytesMax: config["retention-size"],
    waiting(isMuch) {
      wake();
      if (isMuch) replica.work();
    },
  });
  const market = new Market({ barsKept: BARS_IN_MEMORY });
  const wake = () => pulse.touch();
  const fault = (error: unknown) => log.error("Cannot serve a request", error);
  const limits = limitsOf(config);
  const rota = new Rota({ elapsed, later: (ms) => pulse.serveAfter(ms), fault });
  const authorize = authorizer(access, fault);
  const hub = new Hub({ market, tape, archive: tape, limits, rota, now, elapsed, wake, authorize });
  const rooms = new Rooms({ limits, now: elapsed, wake });
  const symbolsMax = config["symbols-max"];
  const replica = new Replica({ log: entries, tape, market, hub });
  const writer = new Writer({ log: entries, tape, market, symbolsMax, now });
  const accept: Writer["accept"] = (ticks, attached) => writer.accept(ticks, attached);
  const feeds = new FeedRuns(openFeeds(config.feed, FEEDS, world.environment), {
    ...{ market, tape, accept, now, sleep, log, random },
    define: (symbol, fields) => define(symbol, fields),
  });
  const derived = { market, tape, archive: tape, hub, feeds };
  const position = () => hub.position;
  const backup = new Backup({ snapshots, settings: config, position, ...world, ...log });
  const metrics = new Metrics({ ...world, ...derived, rooms, backup, advanceMs: ADVANCE_MS });
  const streams = new Streams({ hub, access, now: elapsed, random, fault });
  const turns = new Turns(turn);
  const entry = openEntry({
    ...{ ...limits, bodyBytesMax: config["body-max"] },
    ...{ turns, accept, now, fault },
  });
  const maintenance = new Maintenance({
    ...{ replica, log: entries, tape },
    retentionMs: config.retention,
    bytesMax: config["retention-size"],
    ...log,
  });
  const parts = { ...derived, replica, writer, streams, entry, turns, metrics, backup };
  const pulse = createPulse(config, world, { ...parts, rooms, maintenance, access });
  replica.start(BARS_IN_MEMORY);
  const define = definer(config, market, (symbol, fields) => writer.define(symbol, fields));

  const krakenApi = new KrakenApi({ market, tape, archive: tape, hub, turns, now, fault });
  // Where WebSockets are accepted: a new place is one line here.
  const places = [hubPlace(hub), roomsPlace(rooms), entry.senders.place, ...krakenApi.places()];
  const doors = { access, places, crowds: [hub, rooms], krakenApi, fault };
  const router = createRouter(config, world, { ...parts, ...doors });
  const handlers: Handlers = {
    fetch: (request) => router.fetch(request),
    upgrade: socketRoutes({ places, access, fault }),
  };
  return {
    ...(config["tls-cert"] === undefined ? handlers : strictly(handlers)),
    redirect: redirector(access.hosts, config["public-url"]),
    start() {
      market.advance(now());
      pulse.start();
      feeds.start();
    },
    async stop() {
      feeds.end();
      hub.drain(() => Math.round(random() * config.drain));
      await entry.senders.end();
      await letGo(doors.crowds, config.drain, sleep);
      pulse.stop();
      close(parts, maintenance);
    },
  };
}

function close({ replica, backup, tape }: Derived, maintenance: Maintenance): void {
  while (replica.work());
  maintenance.finish();
  backup.close();
  tape.close();
}

interface Derived {
  readonly market: Market;
  readonly tape: StoredTape;
  readonly archive: StoredTape;
  readonly hub: Hub;
  readonly feeds: FeedRuns;
  readonly replica: Replica;
  readonly writer: Writer;
  readonly streams: Streams;
  readonly entry: Entry;
  readonly turns: Turns;
  readonly metrics: Metrics;
  readonly backup: Backup;
}

/** What happens by the clock. */
function createPulse(
  config: Config,
  { now, elapsed }: World,
  parts: Derived & {
    readonly rooms: Rooms;
    readonly maintenance: Maintenance;
    readonly access: Access;
  },
): Pulse {
  const { market, access, hub, rooms, replica, maintenance, streams, entry, metrics, backup } =
    parts;
  const pulse: Pulse = new Pulse({
    now: elapsed,
    flush(time) {
      const more = metrics.append(() => replica.work());
      const next = metrics.flush(() => hub.flush(time)) ?? Infinity;
      const due = rooms.flush() ? Math.min(next, time + config.flush) : next;
      return more ? time : due === Infinity ? undefined : due;
    },
    serve: () => hub.rota.serve(),
    advance(time) {
      metrics.advanced();
      const closed = market.advance(now());
      hub.publishClosed(closed);
      hub.tend(time);
      rooms.tend(time);
      access.tenures.tend(now());
      streams.tend(time);
      backup.tend(time);
      entry.ingest.tend(now());
      if (closed.length > 0) pulse.touch();
    },
    tidy: () => maintenance.run(now()),
  }, config.flush);
  return pulse;
}

type Define = FeedParts["define"];

/** What the operator has set of instruments stands, whatever a feed says of them. */
function definer(config: Config, market: Market, define: Define): Define {
  checkInstruments(config);
  const { instruments } = config;
  for (const [symbol, fields] of instruments) market.define(symbol, fields);
  return (symbol, fields) => define(symbol, { ...fields, ...instruments.get(symbol) });
}

interface Parts extends Derived {
  readonly krakenApi: KrakenApi;
  readonly access: Access;
  readonly places: readonly SocketPlace[];
  readonly crowds: readonly Crowd[];
  readonly fault: (error: unknown) => void;
}

function createRouter(config: Config, { version, now }: World, parts: Parts): Hono {
  const { market, tape, archive, hub, streams, feeds, metrics, access, places, crowds } = parts;
  const { writer, krakenApi, fault, turns, entry: { ingest } } = parts;
  const { catalogue } = market;
  const position = () => hub.position;
  const router = new Hono();
  const checkHost = (request: Request) => access.checkHost(request);
  router.use(corsHeaders(access.origins, checkHost), compress(), access.middleware());
  for (
    const routes of [
      parameterChecks(),
      pageRoutes(config.origin),
      activityRoutes({ market, tape, archive, turns, now }),
      snapshotRoutes({ market, position }),
      symbolRoutes({ catalogue, define: (...given) => writer.define(...given) }),
      barRoutes({ market, archive, turns, now, fault }),
      tickRoutes({ tape, catalogue, ingest, turns, now, fault }),
      influxRoutes({ ingest, version, fault }),
      widgetRoutes({
        catalogue,
        publicUrl: config["public-url"],
        keyOf: (...asked) => access.keys.readKeyFor(...asked),
      }),
      openbbRoutes({ market, archive, turns }),
      udfRoutes({ market, archive, turns, now, fault }),
      streams.routes(),
      krakenApi.routes(),
      metrics.routes(),
      parts.backup.routes(),
      socketHints(places, access),
      contractRoutes({
        ...{ version, publicUrl: config["public-url"], keys: access.keys },
        ...{ settings: config, limits: hub.limits, routes: () => router.routes },
      }),
      healthRoutes({
        version,
        feeds: () => feeds.reports(),
        position,
        clients: () => countOf(crowds),
        ticksToMigrate: () => tape.legacyTicks,
      }),
    ]
  ) router.route("/", routes);
  router.onError(onError(fault));
  router.notFound(onNotFound(router));
  return router;
}

/** Checks what only the parts themselves can check, and opens nothing. @throws {RangeError} */
export function checkParts(config: Config, environment: Environment): void {
  parseTapeSpec(config.tape);
  openFeeds(config.feed, FEEDS, environment);
  checkInstruments(config);
}

function checkInstruments({ instruments, "symbols-max": max }: Config): void {
  if (instruments.size <= max) return;
  throw new RangeError(
    `Cannot use ${instruments.size} instruments: ${max} are the limit, see --symbols-max`,
  );
}
