import type { Config } from "./config.ts";
import { Market } from "./core/market.ts";
import { type Environment, type FeedSpec, openFeeds } from "./feeds/feed.ts";
import { type FeedParts, FeedRuns } from "./feeds/feed_run.ts";
import { ccxt } from "./feeds/ccxt.ts";
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
import type { Access } from "./http/access/access.ts";
import { authorizer, openAccess } from "./http/access/authorization.ts";
import { Backup } from "./http/native/backup.ts";
import { openTickIntake } from "./http/native/tick_intake.ts";
import { TimeSlices } from "./http/native/history.ts";
import { KrakenApi } from "./http/kraken/routes.ts";
import { Metrics } from "./http/metrics.ts";
import { redirector } from "./http/access/redirect.ts";
import { hubPlace, roomsPlace, socketRoutes } from "./http/sockets.ts";
import { Streams } from "./http/native/stream.ts";
import { type Handlers, withStrictTransport } from "./http/access/strict_transport.ts";
import { connectionCount, type Drainable, drainAll } from "./hub/drain.ts";
import { Hub } from "./hub/hub.ts";
import { limitsOf } from "./hub/limits.ts";
import { Rooms } from "./hub/rooms.ts";
import { FairQueue } from "./hub/fair_queue.ts";
import type { SlicedLog } from "./log/log.ts";
import type { Log } from "./logger.ts";
import { checkTape, openTapeOf, type Others } from "./open_tape.ts";
import { ADVANCE_MS, Scheduler, sleep, turn } from "./scheduler.ts";
import { trustingUpstream } from "./runtime/trust.ts";
import { Maintenance, type MaintenanceOptions } from "./replica/maintenance.ts";
import { Replica } from "./replica/replica.ts";
import { Writer } from "./replica/writer.ts";
import type { TapeError } from "./store/tape_error.ts";
import type { Worker } from "./workers/worker.ts";
import type { Opened, ProcessRole } from "./workers/process_role.ts";
import { createRouter, type Derived, type Parts } from "./router.ts";

/** What the app gets from its environment. */
export interface World {
  readonly version: string;
  readonly log: Log;
  /** Identifies this run of the machine; it changes only when the machine restarts. */
  readonly bootId: string;
  /** Name of this process, for the error message of another one that finds its files in use. */
  readonly holder: string;
  readonly environment: Environment;
  now(): number;
  /** Milliseconds by a monotonic clock, finer than `now`. */
  elapsed(): number;
  random(): number;
  memoryBytes(): number;
  /** CPU time that the process has used, in milliseconds. */
  busy(): number;
  /** Ends the process because it can no longer follow the log. */
  fail(error: TapeError): void;
}

export interface App extends Handlers {
  /** Redirects plain HTTP to TLS. @param port the port for TLS */
  readonly redirect: (request: Request, port: number) => Response;
  /** Starts the feeds and the scheduler. */
  start(): void;
  /** Tells clients to reconnect, closes them one after another, and ends the feeds. */
  stop(): Promise<void>;
}

/** Bars of each series that the market holds; older ones are read from the tape. */
const BARS_IN_MEMORY = 120;
/** How long to wait for a position that another replica has already reached. */
const POSITION_MS = 5_000;
/** Time until rooms with waiting clients are flushed again. */
const ROOM_MS = 10;

/** The kinds of feeds. A new kind is one word here. */
const FEEDS = {
  ...{ synthetic, replay, stdin, poll, ws, sse, mqtt, nats, ccxt, kraken },
  tickwire: (spec: FeedSpec) => relay(spec, trustingUpstream),
};

/**
 * Makes the parts of the server and connects them.
 * @param others the shared log, and the other processes of this server
 * @throws {RangeError} for a feed or tape that cannot be used
 */
export function createApp(config: Config, world: World, others: Others = {}): App {
  const { shared, workerPool, worker } = others;
  const { log: logger, now, elapsed, random } = world;
  const access = openAccess(config, { now, warn: logger.warn });
  const fault = (error: unknown) => logger.error("Cannot serve a request", error);
  const opened = openTapeOf(config, { ...world, ...logger }, others, fault, (isMuch) => {
    wake();
    if (isMuch) replica.work();
  });
  const { log, tape, snapshots, carrier } = opened;
  const market = new Market({ barsKept: BARS_IN_MEMORY, older: tape });
  const wake = () => scheduler.touch();
  const limits = limitsOf(config);
  const queue = new FairQueue({ elapsed, later: (ms) => scheduler.serveAfter(ms), fault });
  const waitMs = (shared ?? worker) === undefined ? 0 : POSITION_MS;
  const authorize = authorizer(access, fault);
  const hub = new Hub({ market, tape, limits, queue, now, elapsed, wake, waitMs, authorize });
  const rooms = new Rooms({ limits, now: elapsed, wake, carrier });
  const replica = new Replica({ log, tape, market, hub });
  const writer = new Writer({ log, tape, market, symbolsMax: config["symbols-max"], now });
  const [accept, give] = [writer.accept.bind(writer), writer.give.bind(writer)];
  const leases = shared?.leases(world.holder);
  const feeds = new FeedRuns(openFeeds(config.feed, FEEDS, world.environment), {
    ...{ market, tape, accept, give, now, sleep, log: logger, random },
    cancel: (...correction) => writer.cancel(...correction),
    define: (symbol, fields) => define(symbol, fields),
    leases,
  });
  const derived = { market, tape, hub, feeds };
  const timeSlices = new TimeSlices(turn);
  const maintenance = worker === undefined
    ? createMaintenance(config, { replica, log, tape }, logger)
    : undefined;
  const backup = new Backup({
    ...{ snapshots, settings: config, position: () => hub.position, sleep, ...world, ...logger },
    complete: shared && (async () => await maintenance?.complete(turn)),
  });
  const metrics = new Metrics({
    ...{ ...world, ...derived, log, rooms, backup },
    ...{ advanceMs: ADVANCE_MS, others: workerPool },
  });
  const streams = new Streams({ hub, access, now: elapsed, random, fault });
  const intake = openTickIntake({
    ...{ ...limits, bodyBytesMax: config["body-max"] },
    ...{ timeSlices, accept, give, now, fault },
  });
  const parts = { ...derived, replica, writer, streams, intake, timeSlices, metrics, backup };
  const all = { ...parts, rooms, maintenance, access, opened, worker };
  const scheduler = createScheduler(config, world, all);
  replica.start(BARS_IN_MEMORY);
  opened.settled();
  const define = definer(config, market, (symbol, fields) => writer.define(symbol, fields));

  const asked = { ...parts, access, rooms, log, leases, waitMs, fault };
  const { groups, handlers } = createHandlers(config, world, asked, others);
  opened.share(handlers.fetch);
  return {
    ...(config["tls-cert"] === undefined ? handlers : withStrictTransport(handlers)),
    redirect: redirector(access.hosts, config["public-url"]),
    start() {
      market.advance(now());
      scheduler.start();
      feeds.start();
      if (snapshots && leases) shared?.copies.start(snapshots, leases);
    },
    stop: () => stop({ ...parts, config, log, groups, scheduler, maintenance, random }, others),
  };
}

/** Closes the clients, then ends the parts in the order of their dependencies. */
async function stop(
  parts: Derived & {
    readonly config: Config;
    readonly log: SlicedLog;
    readonly groups: readonly Drainable[];
    readonly scheduler: Scheduler;
    readonly maintenance: Maintenance | undefined;
    random(): number;
  },
  { shared, workerPool }: Others,
): Promise<void> {
  const { config: { drain }, feeds, hub, intake, groups, scheduler, log, random } = parts;
  const ended = workerPool?.end(drain);
  await Promise.all([feeds.end(), shared?.copies.end()]);
  hub.drain(() => Math.round(random() * drain));
  await intake.senders.end();
  await Promise.all([drainAll(groups, drain, sleep), ended]);
  scheduler.stop();
  await log.close();
  parts.maintenance?.finish();
  parts.backup.close();
  parts.tape.close();
}

function createMaintenance(
  config: Config,
  parts: Pick<MaintenanceOptions, "replica" | "log" | "tape">,
  { info, warn }: Log,
): Maintenance {
  const { retention: retentionMs, "retention-size": bytesMax } = config;
  return new Maintenance({ ...parts, retentionMs, bytesMax, info, warn });
}

/** The parts that answer requests, and the parts that decide who may ask. */
type Asked = Omit<Parts, "krakenApi" | "places" | "groups"> & { readonly rooms: Rooms };

/** Makes the handlers of HTTP requests and WebSockets. */
function createHandlers(config: Config, world: World, parts: Asked, role: ProcessRole) {
  const { workerPool, worker } = role;
  const { market, tape, hub, rooms, timeSlices, intake, access, fault } = parts;
  const { now } = world;
  const krakenApi = new KrakenApi({ market, tape, archive: tape, hub, timeSlices, now, fault });
  // The places that accept WebSockets. A new place is one line here.
  const places = [hubPlace(hub), roomsPlace(rooms), intake.senders.place, ...krakenApi.places()];
  const groups = [hub, rooms];
  const all = workerPool === undefined ? groups : [...groups, workerPool];
  const asked = { ...parts, krakenApi, places, groups: all };
  const router = createRouter(config, { ...world, sleep }, asked);
  worker?.tells({ clients: () => connectionCount(groups), text: () => parts.metrics.text() });
  const handlers: Handlers = {
    fetch: (request) => worker?.pass(request) ?? router.fetch(request),
    upgrade: socketRoutes({ places, access, fault }),
  };
  return { groups, handlers };
}

/** Makes the scheduler of all periodic work. */
function createScheduler(
  config: Config,
  { now, elapsed, busy }: World,
  parts: Derived & {
    readonly rooms: Rooms;
    readonly maintenance: Maintenance | undefined;
    readonly access: Access;
    readonly opened: Opened;
    readonly worker: Worker | undefined;
  },
): Scheduler {
  const { market, access, hub, rooms, replica, streams, intake, metrics, backup } = parts;
  const { maintenance, opened, worker } = parts;
  return new Scheduler({
    now: elapsed,
    busy,
    flush(time) {
      const more = metrics.append(() => replica.work());
      const next = metrics.flush(() => hub.flush(time)) ?? Infinity;
      const due = rooms.flush() ? Math.min(next, elapsed() + ROOM_MS) : next;
      return more ? time : due === Infinity ? undefined : due;
    },
    serve: () => hub.queue.serve(),
    advance(time) {
      metrics.advanced();
      const closed = market.advance(now());
      hub.publishClosed(closed);
      hub.tend(time);
      rooms.tend(time);
      access.connectionGrants.tend(now());
      streams.tend(time);
      backup.tend(time);
      intake.ingest.tend(now());
      worker?.tend();
      if (closed.length > 0) hub.wake();
    },
    tidy() {
      const more = maintenance?.run(now()) ?? false;
      opened.changed();
      return more;
    },
  }, config.flush);
}

type Define = FeedParts["define"];

/** The operator's settings of an instrument win over the fields from a feed. */
function definer(config: Config, market: Market, define: Define): Define {
  checkInstruments(config);
  const { instruments } = config;
  for (const [symbol, fields] of instruments) market.define(symbol, fields);
  return (symbol, fields) => define(symbol, { ...fields, ...instruments.get(symbol) });
}

/** Checks the settings that only the parts can check. It opens nothing. @throws {RangeError} */
export function checkParts(config: Config, environment: Environment): void {
  checkTape(config);
  openFeeds(config.feed, FEEDS, environment);
  checkInstruments(config);
}

function checkInstruments({ instruments, "symbols-max": max }: Config): void {
  if (instruments.size <= max) return;
  throw new RangeError(
    `Cannot use ${instruments.size} instruments: ${max} are the limit, see --symbols-max`,
  );
}
