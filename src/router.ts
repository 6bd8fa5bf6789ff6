import type { LimitSettings } from "./http/contract/limits.ts";
import { Hono } from "hono";
import { compress } from "hono/compress";
import { Market } from "./core/market.ts";
import { FeedRuns } from "./feeds/feed_run.ts";
import type { Access } from "./http/access.ts";
import { activityRoutes } from "./http/activity.ts";
import { Backup } from "./http/backup.ts";
import { barRoutes } from "./http/bars.ts";
import { contractRoutes } from "./http/contracts.ts";
import { correctionRoutes } from "./http/corrections.ts";
import { corsHeaders } from "./http/cors.ts";
import { type Entry } from "./http/entry.ts";
import { healthRoutes } from "./http/health.ts";
import { Turns } from "./http/history.ts";
import { influxRoutes } from "./http/influx.ts";
import { KrakenApi } from "./http/kraken.ts";
import { Metrics } from "./http/metrics.ts";
import { openbbRoutes } from "./http/openbb.ts";
import { pageRoutes } from "./http/pages.ts";
import { parameterChecks } from "./http/parameters.ts";
import { awaitPositions } from "./http/positions.ts";
import { onError, onNotFound } from "./http/refusal.ts";
import { snapshotRoutes } from "./http/snapshot.ts";
import { socketHints, type SocketPlace } from "./http/sockets.ts";
import { Streams } from "./http/stream.ts";
import { symbolRoutes } from "./http/symbols.ts";
import { tickRoutes } from "./http/ticks.ts";
import { udfRoutes } from "./http/udf.ts";
import { widgetRoutes } from "./http/widgets.ts";
import { countOf, type Crowd } from "./hub/crowd.ts";
import { Hub } from "./hub/hub.ts";
import type { Leases } from "./log/leases.ts";
import type { SlicedLog } from "./log/log.ts";
import { Replica } from "./replica/replica.ts";
import { Writer } from "./replica/writer.ts";
import type { StoredTape } from "./tape/stored_tape.ts";

/** The parts of a server that follow from its log, and those through which it is asked. */
export interface Derived {
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

export interface Parts extends Derived {
  readonly krakenApi: KrakenApi;
  readonly access: Access;
  readonly places: readonly SocketPlace[];
  readonly crowds: readonly Pick<Crowd, "sessionCount">[];
  readonly fault: (error: unknown) => void;
  readonly entries: SlicedLog;
  readonly waitMs: number;
  readonly leases: Leases | undefined;
}

/** What the operator has set. */
export interface RouterSettings extends LimitSettings {
  readonly origin: readonly string[];
  readonly "public-url"?: string | undefined;
}

/** The clock, and what the server is called. */
export interface RouterWorld {
  readonly version: string;
  now(): number;
  elapsed(): number;
  sleep(ms: number): Promise<void>;
}

/** All routes, and what every request goes through before it gets to one. */
export function createRouter(config: RouterSettings, world: RouterWorld, parts: Parts): Hono {
  const { version, now, elapsed, sleep } = world;
  const { market, tape, archive, hub, streams, feeds, metrics, access, places, crowds } = parts;
  const { writer, krakenApi, fault, turns, entries, leases, waitMs, entry: { ingest } } = parts;
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
      activityRoutes({ market, tape, archive, turns, now }),
      snapshotRoutes({ market, position }),
      symbolRoutes({ catalogue, define: (...given) => writer.define(...given) }),
      barRoutes({ market, archive, ingest, turns, now, fault }),
      tickRoutes({ tape, catalogue, ingest, turns, now, fault }),
      correctionRoutes({ tape, catalogue, turns, now, cancel: (given) => writer.cancel(given) }),
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
        log: () => entries.state,
        leases: () => leases?.held ?? [],
      }),
    ]
  ) router.route("/", routes);
  router.onError(onError(fault));
  router.notFound(onNotFound(router));
  return router;
}
