import { Hono } from "hono";
import type { FeedReport } from "../feeds/feed_run.ts";

export interface HealthOptions {
  readonly version: string;
  feeds(): readonly FeedReport[];
  position(): string;
  clients(): number;
}

/** `GET /healthz`: the process serves. `GET /readyz`: feeds and history are in place. */
export function healthRoutes({ version, feeds, position, clients }: HealthOptions): Hono {
  return new Hono()
    .get("/healthz", (c) => c.json({ status: "ok", version }))
    .get("/readyz", (c) => {
      const states = feeds();
      const ready = states.every(({ state }) => state !== "starting" && state !== "failed");
      const body = { ready, position: position(), clients: clients(), feeds: states };
      return c.json(body, ready ? 200 : 503);
    });
}
