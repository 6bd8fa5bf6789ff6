import { Hono } from "hono";

/** How a feed is doing, for `/readyz`. */
export interface FeedStatus {
  readonly name: string;
  readonly state: "starting" | "running" | "ended" | "failed";
  readonly error: string | null;
  /** Ticks it has put on the tape. */
  readonly ticks: number;
}

export interface HealthOptions {
  readonly version: string;
  feeds(): readonly FeedStatus[];
  position(): string;
  clients(): number;
}

/** `GET /healthz`: the process serves. `GET /readyz`: feeds and history are in place. */
export function healthRoutes({ version, feeds, position, clients }: HealthOptions): Hono {
  return new Hono()
    .get("/healthz", (c) => c.json({ status: "ok", version }))
    .get("/readyz", (c) => {
      const states = feeds();
      const ready = states.every(({ state }) => state === "running" || state === "ended");
      const body = { ready, position: position(), clients: clients(), feeds: states };
      return c.json(body, ready ? 200 : 503);
    });
}
