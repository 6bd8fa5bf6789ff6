import type { LimitSettings } from "./http/contract/limits.ts";
import { Hono } from "hono";
import { compress } from "hono/compress";
import { Market } from "./core/market.ts";
import { FeedRuns } from "./feeds/feed_run.ts";
import type { Access } from "./http/access/access.ts";
import { activityRoutes } from "./http/native/activity.ts";
import { Backup } from "./http/native/backup.ts";
import { barRoutes } from "./http/native/bars.ts";
import { contractRoutes } from "./http/contract/routes.ts";
import { correctionRoutes } from "./http/native/corrections.ts";
import { corsHeaders } from "./http/access/cors.ts";
import { type TickIntake } from "./http/native/tick_intake.ts";
import { healthRoutes } from "./http/health.ts";
import { TimeSlices } from "./http/native/history.ts";
import { influxRoutes } from "./http/influx/routes.ts";
import { KrakenApi } from "./http/kraken/routes.ts";
import { Metrics } from "./http/metrics.ts";
import { openbbRoutes } from "./http/openbb/routes.ts";
import { pageRoutes } from "./http/page/pages.ts";
import { parameterChecks } from "./http/parameters.ts";
import { awaitPositions } from "./http/native/positions.ts";
import { onError, onNotFound } from "./http/http_error.ts";
import { snapshotRoutes } from "./http/native/snapshot.ts";
import { socketHints, type SocketPlace } from "./http/sockets.ts";
import { Streams } from "./http/native/stream.ts";
import { symbolRoutes } from "./http/native/symbols.ts";
import { tickRoutes } from "./http/native/ticks.ts";
import { udfRoutes } from "./http/udf/routes.ts";
import { widgetRoutes } from "./http/openbb/widgets.ts";
import { connectionCount, type Drainable } from "./hub/drain.ts";
import { Hub } from "./hub/hub.ts";
import type { Leases } from "./log/leases.ts";
import type { SlicedLog } from "./log/log.ts";
import { Replica } from "./replica/replica.ts";
import { Writer } from "./replica/writer.ts";
import type { StoredTape } from "./tape/stored_tape.ts";

/** The parts of a server that hold its state, and parts that answer requests. */
export interface Derived {
  readonly market: Market;
  readonly tape: StoredTape;
  readonly archive: StoredTape;
  readonly hub: Hub;
  readonly feeds: FeedRuns;
  readonly replica: Replica;
  readonly writer: Writer;
  readonly streams: Streams;
  readonly entry: TickIntake;
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
  readonly entries: SlicedLog;
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

/** Makes the router: all routes, and the checks that every request passes first. */
export function createRouter(config: RouterSettings, world: RouterWorld, parts: Parts): Hono {
  const { version, now, elapsed, sleep } = world;
  const { market, tape, archive, hub, streams, feeds, metrics, access, places, groups } = parts;
  const { writer, krakenApi, fault, timeSlices, entries, leases, waitMs, entry: { ingest } } =
    parts;
  const { catalogue } = market;
  const position = () => hub.position;
  const router = new Hono();
  const checkHost = (request: Request) => access.checkHost(request);
  router.use(corsHeaders(access.origins, checkHost), compress(), access.middleware());
  router.use(awaitPositions({ tape, waitMs, elapsed, sleep }));
  for (
    const routes of [
      parameterChecks(),
      pageRoutes(config.origin),
      activityRoutes({ market, tape, archive, timeSlices, now }),
      snapshotRoutes({ market, position }),
      symbolRoutes({ catalogue, define: (...given) => writer.define(...given) }),
      barRoutes({ market, archive, ingest, timeSlices, now, fault }),
      tickRoutes({ tape, catalogue, ingest, timeSlices, now, fault }),
      correctionRoutes({
        tape,
        catalogue,
        timeSlices,
        now,
        cancel: (given) => writer.cancel(given),
      }),
      influxRoutes({ ingest, version, fault }),
      widgetRoutes({
        catalogue,
        publicUrl: config["public-url"],
        keyOf: (...asked) => access.keys.readKeyFor(...asked),
      }),
      openbbRoutes({ market, archive, timeSlices }),
      udfRoutes({ market, archive, timeSlices, now, fault }),
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
        clients: () => connectionCount(groups),
        ticksToMigrate: () => tape.legacyTicks,
        log: () => entries.state,
        leases: () => leases?.held ?? [],
      }),
    ]
  ) router.route("/", routes);
  router.onError(onError(fault));
  router.notFound(onNotFound(router));
  return router;
}
