import { Hono } from "hono";
import type { FeedReport } from "../feeds/feed_run.ts";
import type { LogState } from "../log/log.ts";

export interface HealthOptions {
  readonly version: string;
  feeds(): readonly FeedReport[];
  position(): string;
  clients(): number;
  /** Ticks of a file of an older version that still have to be brought into today's form. */
  ticksToMigrate(): number;
  log(): LogState;
  /** Names of what runs here, and at no other replica. */
  leases(): readonly string[];
}

/**
 * `GET /healthz`: the process serves. `GET /readyz`: feeds and history are in place. A log that is away makes
 * nobody unready: what there is can be read, and it is away for all.
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
