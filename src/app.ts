import { Hono } from "hono";
import { compress } from "hono/compress";
import type { Config } from "./config.ts";
import { Market } from "./core/market.ts";
import { type Environment, openFeeds } from "./feeds/feed.ts";
import { type FeedParts, FeedRuns } from "./feeds/feed_run.ts";
import { kraken } from "./feeds/kraken.ts";
import { mqtt } from "./feeds/mqtt.ts";
import { nats } from "./feeds/nats.ts";
import { poll } from "./feeds/poll.ts";
import { relay } from "./feeds/relay.ts";
import { replay } from "./feeds/replay.ts";
import { sse } from "./feeds/sse.ts";
import { stdin } from "./feeds/stdin.ts";
import { synthetic } from "./feeds/synthetic.ts";
import { ws } from "./feeds/ws.ts";
import { Access } from "./http/access.ts";
import { activityRoutes } from "./http/activity.ts";
import { barRoutes } from "./http/bars.ts";
import { contractRoutes } from "./http/contracts.ts";
import { corsHeaders, Origins } from "./http/cors.ts";
import { type Entry, openEntry } from "./http/entry.ts";
import { healthRoutes } from "./http/health.ts";
import { Turns } from "./http/history.ts";
import { Hosts } from "./http/hosts.ts";
import { influxRoutes } from "./http/influx.ts";
import { Keys } from "./http/keys.ts";
import { KrakenApi } from "./http/kraken.ts";
import { Metrics } from "./http/metrics.ts";
import { openbbRoutes } from "./http/openbb.ts";
import { pageRoutes } from "./http/pages.ts";
import { parameterChecks } from "./http/parameters.ts";
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
import { symbolRoutes } from "./http/symbols.ts";
import { tickRoutes } from "./http/ticks.ts";
import { udfRoutes } from "./http/udf.ts";
import { widgetRoutes } from "./http/widgets.ts";
import { countOf, type Crowd, letGo } from "./hub/crowd.ts";
import { Hub } from "./hub/hub.ts";
import { DEFAULT_LIMITS, type Limits } from "./hub/limits.ts";
import { Rooms } from "./hub/rooms.ts";
import { Rota } from "./hub/rota.ts";
import type { Log } from "./logger.ts";
import { ADVANCE_MS, Pulse, sleep, turn } from "./pulse.ts";
import type { Accept } from "./runtime/listener.ts";
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

export interface App {
  readonly fetch: (request: Request) => Response | Promise<Response>;
  readonly upgrade: (request: Request) => Accept | Response;
  /** Starts the feeds and the pulse. */
  start(): void;
  /** Tells clients to go, lets them go one after another, and ends the feeds. */
  stop(): Promise<void>;
}

/** Bars of each series that the market holds; older ones are read from the tape. */
const BARS_IN_MEMORY = 120;

/** Kinds of feed: a new one is one word here. */
const FEEDS = { synthetic, replay, stdin, poll, ws, sse, mqtt, nats, kraken, tickwire: relay };

/** Puts the parts together. @throws {RangeError} for a feed or tape that cannot be used */
export function createApp(config: Config, world: World): App {
  const { log, now, elapsed, random } = world;
  const { log: entries, tape } = openTape(config.tape, { ...world, warn: log.warn }, {
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
  const hub = new Hub({ market, tape, archive: tape, limits, rota, now, elapsed, wake });
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
  const metrics = new Metrics({ ...world, ...derived, rooms, advanceMs: ADVANCE_MS });
  const access = createAccess(config, log);
  const streams = new Streams({ hub, now: elapsed, random, fault });
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
  const parts = { ...derived, replica, writer, streams, entry, turns, metrics };
  const pulse = createPulse(config, world, { ...parts, rooms, maintenance });
  replica.start(BARS_IN_MEMORY);
  const define = definer(config, market, (symbol, fields) => writer.define(symbol, fields));

  const krakenApi = new KrakenApi({ market, tape, archive: tape, hub, turns, now, fault });
  // Where WebSockets are accepted: a new place is one line here.
  const places = [hubPlace(hub), roomsPlace(rooms), entry.senders.place, ...krakenApi.places()];
  const crowds = [hub, rooms];
  const doors = { access, places, crowds, krakenApi, fault };
  const router = createRouter(config, world, { ...parts, ...doors });
  return {
    fetch: (request) => router.fetch(request),
    upgrade: socketRoutes({ places, access, fault }),
    start() {
      market.advance(now());
      pulse.start();
      feeds.start();
    },
    async stop() {
      feeds.end();
      hub.drain(() => Math.round(random() * config.drain));
      await entry.senders.end();
      await letGo(crowds, config.drain, sleep);
      pulse.stop();
      while (replica.work());
      maintenance.finish();
      tape.close();
    },
  };
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
}

/** What happens by the clock. */
function createPulse(
  config: Config,
  { now, elapsed }: World,
  parts: Derived & { readonly rooms: Rooms; readonly maintenance: Maintenance },
): Pulse {
  const { market, hub, rooms, replica, maintenance, streams, entry, metrics } = parts;
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
      streams.tend(time);
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

function createAccess(config: Config, log: Log): Access {
  const { host, "read-key": read, "write-key": write, "public-url": publicUrl } = config;
  const hosts = new Hosts({ host, publicUrl, allowed: config["allowed-host"] });
  const keys = new Keys({ read, write, host });
  if (!keys.canWrite) log.warn(`Nobody may write: to listen on ${host} takes a --write-key for it`);
  return new Access(keys, new Origins(config.origin, hosts), hosts, log.warn);
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
        keyOf: (request) => access.keys.readKeyFor(request),
      }),
      openbbRoutes({ market, archive, turns }),
      udfRoutes({ market, archive, turns, now, fault }),
      streams.routes(),
      krakenApi.routes(),
      metrics.routes(),
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

function limitsOf(config: Config): Limits {
  return {
    ...DEFAULT_LIMITS,
    sessionsMax: config["sessions-max"],
    subscriptionsMax: config["subscriptions-max"],
    commandsMax: config["commands-max"],
    frameBytesMax: config["frame-max"],
    bufferedBytesMax: config["buffered-max"],
    stalledMsMax: config.stalled,
    heartbeatMs: config.heartbeat,
    flushMs: config.flush,
    roomsMax: config["rooms-max"],
    roomMembersMax: config["room-members-max"],
    roomMessageMax: config["room-message-max"],
    roomKeptMs: config["room-kept"],
  };
}
