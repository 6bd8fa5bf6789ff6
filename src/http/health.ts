import { Hono } from "hono";
import type { FeedReport } from "../feeds/feed_run.ts";

export interface HealthOptions {
  readonly version: string;
  feeds(): readonly FeedReport[];
  position(): string;
  clients(): number;
  /** Ticks of a file of an older version that still have to be brought into today's form. */
  ticksToMigrate(): number;
}

/** `GET /healthz`: the process serves. `GET /readyz`: feeds and history are in place. */
export function healthRoutes(options: HealthOptions): Hono {
  const { version, feeds, position, clients, ticksToMigrate } = options;
  return new Hono()
    .get("/healthz", (c) => c.json({ status: "ok", version }))
    .get("/readyz", (c) => {
      const states = feeds();
      const ready = states.every(({ state }) => state !== "starting" && state !== "failed");
      const rest = { clients: clients(), ticksToMigrate: ticksToMigrate(), feeds: states };
      const body = { ready, position: position(), ...rest };
      return c.json(body, ready ? 200 : 503);
    });
}
