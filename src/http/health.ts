import { Hono } from "hono";
import type { FeedReport } from "../feeds/feed_run.ts";
import type { LogState } from "../log/log.ts";

export interface HealthOptions {
  readonly version: string;
  feeds(): readonly FeedReport[];
  position(): string;
  clients(): number;
  /** Ticks in a file of an older version that are not in blocks yet. */
  ticksToMigrate(): number;
  log(): LogState;
  /** Feeds that only this replica runs. */
  leases(): readonly string[];
}

/**
 * `GET /healthz`: the process responds. `GET /readyz`: feeds and history are ready. A lost
 * connection to the log does not count: history stays readable, and all replicas have lost it.
 */
export function healthRoutes(options: HealthOptions): Hono {
  const { version, feeds, position, clients, ticksToMigrate, leases } = options;
  return new Hono()
    .get("/healthz", (c) => c.json({ status: "ok", version }))
    .get("/readyz", (c) => {
      const states = feeds();
      const log = options.log();
      const ready = log.current &&
        states.every(({ state }) => state !== "starting" && state !== "failed");
      const rest = {
        ...{ clients: clients(), ticksToMigrate: ticksToMigrate(), feeds: states },
        log: { ...log, leases: leases() },
      };
      const body = { ready, position: position(), ...rest };
      return c.json(body, ready ? 200 : 503);
    });
}
