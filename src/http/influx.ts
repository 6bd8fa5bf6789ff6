/** What writers of InfluxDB, such as Telegraf, use: https://docs.influxdata.com/influxdb/v2/api/ */
import { type Context, type ErrorHandler, Hono } from "hono";
import { isPrecision, type Precision } from "../wire/line_protocol.ts";
import type { Ingest } from "./ingest.ts";
import { Refusal, toRefusal } from "./refusal.ts";

export interface InfluxOptions {
  readonly ingest: Ingest;
  readonly version: string;
  /** Told of errors that are the server's own. */
  fault(error: unknown): void;
}

/** What clients of version 2 know errors by. */
const CODES: Readonly<Record<number, string>> = {
  400: "invalid",
  401: "unauthorized",
  403: "forbidden",
  413: "request too large",
  429: "too many requests",
  503: "unavailable",
};

/** `POST /write` and `POST /api/v2/write` in line protocol, `/ping` and `/health`. */
export function influxRoutes(options: InfluxOptions): Hono {
  const write = async (c: Context) => {
    const { accepted, position, skipped } = await options.ingest.takeBody(
      c.req.raw,
      c.req.header("idempotency-key"),
      { format: "influx", precision: readPrecision(c.req.query("precision")) },
    );
    c.header("Tickwire-Accepted", String(accepted));
    c.header("Tickwire-Skipped", String(skipped));
    c.header("Tickwire-Position", position);
    return answer(c, options, 204);
  };
  const v1 = new Hono()
    .post("/write", write)
    .get("/ping", (c) => answer(c, options, 204));
  v1.onError(onError(options, ({ message }) => ({ error: message })));
  const v2 = new Hono()
    .post("/api/v2/write", write)
    .get("/health", (c) => {
      const { version } = options;
      return c.json({ name: "tickwire", message: "ready for writes", status: "pass", version });
    });
  v2.onError(onError(options, ({ status, message }) => {
    return { code: CODES[status] ?? "internal error", message };
  }));
  return new Hono().route("/", v1).route("/", v2);
}

function answer(c: Context, { version }: InfluxOptions, status: 204): Response {
  // Version 1 is what this header says to clients that speak both.
  c.header("X-Influxdb-Version", `1.8.0-tickwire-${version}`);
  return c.body(null, status);
}

function onError(
  { fault }: InfluxOptions,
  body: (refusal: Refusal) => Record<string, string>,
): ErrorHandler {
  return (error, c) => {
    const refusal = toRefusal(error, fault);
    if (refusal.retryAfter !== undefined) c.header("Retry-After", String(refusal.retryAfter));
    return c.json(body(refusal), refusal.status);
  };
}

function readPrecision(text: string | undefined): Precision | undefined {
  if (text === undefined || text === "") return undefined;
  if (isPrecision(text)) return text;
  const detail = `Cannot use precision ${JSON.stringify(text)}: it is none of ns, us, ms, s, m, h`;
  throw new Refusal(400, "bad_precision", detail);
}
