import { Hono } from "hono";
import { compress } from "hono/compress";
import type { Market } from "./core/market.ts";
import type { FeedRuns } from "./feeds/feed_run.ts";
import type { Access } from "./http/access/access.ts";
import { activityRoutes } from "./http/native/activity.ts";
import type { Backup } from "./http/native/backup.ts";
import { barRoutes } from "./http/native/bars.ts";
import type { LimitSettings } from "./http/contract/limits.ts";
import { contractRoutes } from "./http/contract/routes.ts";
import { correctionRoutes } from "./http/native/corrections.ts";
import { corsHeaders } from "./http/access/cors.ts";
import type { TickIntake } from "./http/native/tick_intake.ts";
import { healthRoutes } from "./http/health.ts";
import type { TimeSlices } from "./http/native/history.ts";
import { influxRoutes } from "./http/influx/routes.ts";
import type { KrakenApi } from "./http/kraken/routes.ts";
import type { Metrics } from "./http/metrics.ts";
import { openbbRoutes } from "./http/openbb/routes.ts";
import { pageRoutes } from "./http/page/pages.ts";
import { parameterChecks } from "./http/parameters.ts";
import { awaitPositions } from "./http/native/positions.ts";
import { onError, onNotFound } from "./http/http_error.ts";
import { snapshotRoutes } from "./http/native/snapshot.ts";
import { socketHints, type SocketPlace } from "./http/sockets.ts";
import type { Streams } from "./http/native/stream.ts";
import { symbolRoutes } from "./http/native/symbols.ts";
import { tickRoutes } from "./http/native/ticks.ts";
import { udfRoutes } from "./http/udf/routes.ts";
import { widgetRoutes } from "./http/openbb/widgets.ts";
import { connectionCount, type Drainable } from "./hub/drain.ts";
import type { Hub } from "./hub/hub.ts";
import type { Leases } from "./log/leases.ts";
import type { SlicedLog } from "./log/log.ts";
import type { Replica } from "./replica/replica.ts";
import type { Writer } from "./replica/writer.ts";
import type { StoredTape } from "./tape/stored_tape.ts";

/** The parts of a server that hold its state, and parts that answer requests. */
export interface Derived {
  readonly market: Market;
  readonly tape: StoredTape;
  readonly hub: Hub;
  readonly feeds: FeedRuns;
  readonly replica: Replica;
  readonly writer: Writer;
  readonly streams: Streams;
  readonly intake: TickIntake;
  readonly timeSlices: TimeSlices;
  readonly metrics: Metrics;
  readonly backup: Backup;
}

export interface Parts extends Derived {
  readonly krakenApi: KrakenApi;
  readonly access: Access;
  readonly places: readonly SocketPlace[];
  readonly groups: readonly Pick<Drainable, "sessionCount">[];
  readonly fault: (error: unknown) => void;
  readonly log: SlicedLog;
  readonly waitMs: number;
  readonly leases: Leases | undefined;
}

/** The settings that routes need. */
export interface RouterSettings extends LimitSettings {
  readonly origin: readonly string[];
  readonly "public-url"?: string | undefined;
}

/** The clock and the version of the server. */
export interface RouterWorld {
  readonly version: string;
  now(): number;
  elapsed(): number;
  sleep(ms: number): Promise<void>;
}

/** Makes the router: the checks that every request passes first, then all routes. */
export function createRouter(config: RouterSettings, world: RouterWorld, parts: Parts): Hono {
  const { elapsed, sleep } = world;
  const { tape, access, waitMs, fault } = parts;
  const router = new Hono();
  const checkHost = (request: Request) => access.checkHost(request);
  router.use(corsHeaders(access.origins, checkHost), compress(), access.middleware());
  router.use(awaitPositions({ tape, waitMs, elapsed, sleep }));
  router.route("/", parameterChecks());
  for (
    const routes of [
      ...nativeRoutes(config, world, parts),
      ...foreignRoutes(config, world, parts),
      ...operatorRoutes(config, world, parts, () => router.routes),
    ]
  ) router.route("/", routes);
  router.onError(onError(fault));
  router.notFound(onNotFound(router));
  return router;
}

/** The page and the server's own interface. */
function nativeRoutes({ origin }: RouterSettings, { now }: RouterWorld, parts: Parts): Hono[] {
  const { market, tape, hub, writer, streams, timeSlices, intake: { ingest }, fault } = parts;
  const { catalogue } = market;
  return [
    pageRoutes(origin),
    activityRoutes({ market, tape, timeSlices, now }),
    snapshotRoutes({ market, position: () => hub.position }),
    symbolRoutes({ catalogue, define: (...given) => writer.define(...given) }),
    barRoutes({ market, archive: tape, ingest, timeSlices, now, fault }),
    tickRoutes({ tape, catalogue, ingest, timeSlices, now, fault }),
    correctionRoutes({
      tape,
      catalogue,
      timeSlices,
      now,
      cancel: (given) => writer.cancel(given),
    }),
    streams.routes(),
    socketHints(parts.places, parts.access),
  ];
}

/** The interfaces of other programs. */
function foreignRoutes(
  { "public-url": publicUrl }: RouterSettings,
  { version, now }: RouterWorld,
  parts: Parts,
): Hono[] {
  const { market, tape, access, krakenApi, timeSlices, intake: { ingest }, fault } = parts;
  const { catalogue } = market;
  return [
    influxRoutes({ ingest, version, fault }),
    widgetRoutes({ catalogue, publicUrl, keyOf: (...asked) => access.keys.readKeyFor(...asked) }),
    openbbRoutes({ market, archive: tape, timeSlices }),
    udfRoutes({ market, archive: tape, timeSlices, now, fault }),
    krakenApi.routes(),
  ];
}

/** What operators and their programs ask for. @param routes of the whole router */
function operatorRoutes(
  settings: RouterSettings,
  { version }: RouterWorld,
  parts: Parts,
  routes: () => Hono["routes"],
): Hono[] {
  const { tape, hub, feeds, metrics, backup, access, groups, log, leases } = parts;
  return [
    metrics.routes(),
    backup.routes(),
    contractRoutes({
      version,
      publicUrl: settings["public-url"],
      keys: access.keys,
      settings,
      limits: hub.limits,
      routes,
    }),
    healthRoutes({
      version,
      feeds: () => feeds.reports(),
      position: () => hub.position,
      clients: () => connectionCount(groups),
      ticksToMigrate: () => tape.legacyTicks,
      log: () => log.state,
      leases: () => leases?.held ?? [],
    }),
  ];
}
