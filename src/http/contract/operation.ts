import { INTERVALS } from "../../core/interval.ts";
import { LIMIT_DEFAULT, LIMIT_MAX, SYMBOLS_MAX } from "../query.ts";
import { type Json, listOf, ref } from "./values.ts";

/** An answer. `content` has schemas by content type; absent without a body. */
export interface Answer {
  readonly description: string;
  readonly content?: Readonly<Record<string, Json>>;
  readonly headers?: Readonly<Record<string, Json>>;
}

/** One method of one route. */
export interface Operation {
  readonly summary: string;
  readonly description?: string;
  readonly parameters?: readonly Json[];
  /** Schemas of the body by content type. */
  readonly body?: Readonly<Record<string, Json>>;
  /** Maximum size of the body in bytes; absent for batches of ticks. */
  readonly bodyBytesMax?: number;
  readonly answers: Readonly<Record<number, Answer>>;
  /** Error codes by status, without those that are common to all routes. */
  readonly codes?: Readonly<Record<number, readonly string[]>>;
  /** The schema of errors in a foreign protocol, for the statuses in `codes`. */
  readonly errorSchema?: Json;
}

/** Operations by method and path in the router's notation: `GET /symbols/:symbol{.+}`. */
export type Operations = Readonly<Record<string, Operation>>;

export const TEXT: Json = { type: "string" };
export const NUMBER: Json = { type: "number" };
export const NULLABLE: Json = { type: ["number", "null"] };

/** An object whose fields are all required. */
export function object(properties: Readonly<Record<string, Json>>): Json {
  return { type: "object", properties, required: Object.keys(properties) };
}

export function words(words: readonly string[], fallback?: string): Json {
  return { type: "string", enum: words, ...(fallback === undefined ? {} : { default: fallback }) };
}

export function json(description: string, schema: Json, headers?: Answer["headers"]): Answer {
  const content = { "application/json": schema };
  return { description, content, ...(headers === undefined ? {} : { headers }) };
}

export function header(description: string, schema: Json = TEXT): Json {
  return { description, schema };
}

export function query(name: string, description: string, schema: Json = TEXT): Json {
  return { name, in: "query", description, schema };
}

export function required(parameter: Json): Json {
  return { ...parameter, required: true };
}

export function requestHeader(name: string, description: string, schema: Json = TEXT): Json {
  return { name, in: "header", description, schema };
}

export const POSITION_HEADER = {
  "Tickwire-Position": header("position of the newest tick in the answer", ref("Position")),
};

/** Names and prefixes in a comma list. */
export const SYMBOLS: Json = {
  ...query("symbol", "comma list of symbols and of prefixes such as BTC/*; absent for all", {
    ...listOf(TEXT),
    maxItems: SYMBOLS_MAX,
  }),
  style: "form",
  explode: false,
};
export const SYMBOL: Json = required(query("symbol", "one symbol", ref("Symbol")));
export const SYMBOL_IN_PATH: Json = {
  ...{ name: "symbol", in: "path", required: true, schema: ref("Symbol") },
  description: "the rest of the path, which may contain slashes",
};
export const INTERVAL: Json = query("interval", "width of a bar", words(INTERVALS, "1m"));

const TIME = "milliseconds since the Unix epoch, ISO 8601, or relative to now such as -1h";

export const FROM = query("from", `included; ${TIME}`);
export const TO = query("to", `not included; ${TIME}`);

/** Parameters for a part of a history and its format. */
export const HISTORY: readonly Json[] = [
  FROM,
  TO,
  query(
    "limit",
    "maximum number of rows: the first ones with from or after, otherwise the newest ones",
    {
      type: "integer",
      ...{ minimum: 1, maximum: LIMIT_MAX, default: LIMIT_DEFAULT },
    },
  ),
  query(
    "format",
    "absent to use the Accept header",
    words(["json", "ndjson", "csv", "arrow", "parquet"]),
  ),
];
export const HISTORY_CODES = {
  400: ["bad_parameter", "bad_symbol", "bad_from", "bad_to", "bad_limit", "bad_format"],
};

/** Query parameters of a stream. */
export const STREAM_QUERY: readonly Json[] = [
  SYMBOLS,
  query("channel", "tick, quote, or bar and an interval such as bar:1m"),
  query(
    "mode",
    "all: every update; latest: the newest update of each symbol",
    words(["all", "latest"]),
  ),
  query("every", "minimum time between frames: milliseconds, or a duration such as 10s"),
  query("from", "where to start: a position or a time"),
  query("speed", "with from: a multiple of recorded time; 0 is as fast as possible", {
    type: "number",
    minimum: 0,
  }),
  query("format", "format of rows", words(["object", "columns", "value", "list"], "object")),
];

/** Query parameters of a WebSocket for batches. */
export const BATCHES_QUERY: readonly Json[] = [
  query(
    "format",
    "format of the frames; absent to detect it",
    words(["json", "ndjson", "csv", "influx"]),
  ),
];

/** An answer with rows in all formats of a history. */
export function history(description: string, row: Json, headers: Answer["headers"] = {}): Answer {
  return {
    description,
    headers: {
      ...headers,
      "Link": header("the next page, if there are more rows than limit"),
      "Tickwire-Next": header("start of the next page: after for ticks, from for bars"),
    },
    content: {
      "application/json": listOf(row),
      "application/x-ndjson": TEXT,
      "text/csv": TEXT,
      "application/vnd.apache.arrow.stream": {},
      "application/vnd.apache.parquet": {},
    },
  };
}
