/** InfluxDB's write API, for agents like Telegraf: https://docs.influxdata.com/influxdb/v2/api/ */
import { type Context, Hono } from "hono";
import { BadLines, isPrecision, type Precision } from "../../wire/line_protocol.ts";
import { grantOf } from "../access/grants.ts";
import type { Ingest } from "../native/ingest.ts";
import { HttpError, toHttpError } from "../http_error.ts";

export interface InfluxOptions {
  readonly ingest: Ingest;
  readonly version: string;
  /** Called for errors of the server itself. */
  fault(error: unknown): void;
}

/** Error codes of version 2 by status. */
const CODES: Readonly<Record<number, string>> = {
  400: "invalid",
  401: "unauthorized",
  403: "forbidden",
  413: "request too large",
  429: "too many requests",
  503: "unavailable",
};

/** The body of an error in one version. @param line number of the first invalid line, if any */
type BodyOf = (refusal: HttpError, line?: number) => Record<string, string | number>;

const V1: BodyOf = ({ message }) => ({ error: message });
const V2: BodyOf = ({ status, message }, line) => ({
  code: CODES[status] ?? "internal error",
  message,
  ...(line === undefined ? {} : { line }),
});

/** `POST /write` and `POST /api/v2/write` in line protocol, `/ping` and `/health`. */
export function influxRoutes(options: InfluxOptions): Hono {
  const v1 = new Hono()
    .post("/write", (c) => write(c, options, V1))
    .get("/ping", (c) => answer(c, options));
  const v2 = new Hono()
    .post("/api/v2/write", (c) => write(c, options, V2))
    .get("/health", (c) => {
      const { version } = options;
      return c.json({ name: "tickwire", message: "ready for writes", status: "pass", version });
    });
  v1.onError((error, c) => refuse(c, options, error, V1));
  v2.onError((error, c) => refuse(c, options, error, V2));
  return new Hono().route("/", v1).route("/", v2);
}

/** Accepts the valid lines. Agents drop a refused batch, so one bad line would lose all others. */
async function write(c: Context, options: InfluxOptions, bodyOf: BodyOf): Promise<Response> {
  const { accepted, position, skipped, bad } = await options.ingest.takeBody(
    c.req.raw,
    c.req.header("idempotency-key"),
    { format: "influx", precision: readPrecision(c.req.query("precision")), partial: true },
    grantOf(c).write,
  );
  c.header("Tickwire-Accepted", String(accepted));
  c.header("Tickwire-Skipped", String(skipped));
  c.header("Tickwire-Position", position);
  return bad === undefined ? answer(c, options) : refuse(c, options, bad, bodyOf, true);
}

function answer(c: Context, { version }: InfluxOptions): Response {
  // Clients that know both versions recognize version 1 by this header.
  c.header("X-Influxdb-Version", `1.8.0-tickwire-${version}`);
  return c.body(null, 204);
}

/** @param isPartial whether the other lines of the batch were accepted */
function refuse(
  c: Context,
  { fault }: InfluxOptions,
  error: unknown,
  bodyOf: BodyOf,
  isPartial = false,
): Response {
  if (error instanceof BadLines) {
    const { code, text, line, reason, count } = error;
    // Clients search for these words: then they do not send the batch again.
    const first = `unable to parse '${text}': line ${line}: ${reason}`;
    const detail = isPartial ? `partial write: ${first} dropped=${count}` : first;
    return c.json(bodyOf(new HttpError(400, code, detail), line), 400);
  }
  const refusal = toHttpError(error, fault);
  if (refusal.retryAfter !== undefined) c.header("Retry-After", String(refusal.retryAfter));
  return c.json(bodyOf(refusal), refusal.status);
}

function readPrecision(text: string | undefined): Precision | undefined {
  if (text === undefined || text === "") return undefined;
  if (isPrecision(text)) return text;
  const detail = `Cannot use precision ${JSON.stringify(text)}: it is none of ns, us, ms, s, m, h`;
  throw new HttpError(400, "bad_precision", detail);
}
