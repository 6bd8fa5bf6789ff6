import { INTERVALS } from "../../core/interval.ts";
import { LIMIT_DEFAULT, LIMIT_MAX, SYMBOLS_MAX } from "../query.ts";
import { type Json, listOf, ref } from "./values.ts";

/** What is answered: schemas by content type; none where there is no body. */
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
  /** Bytes that the body may have; absent where it is a batch of ticks. */
  readonly bodyBytesMax?: number;
  readonly answers: Readonly<Record<number, Answer>>;
  /** Codes of errors by status, beside those that every route can answer with. */
  readonly codes?: Readonly<Record<number, readonly string[]>>;
  /** How errors of a foreign protocol look, for each of the codes' statuses. */
  readonly errorSchema?: Json;
}

/** By method and path as the router has them: `GET /symbols/:symbol{.+}`. */
export type Operations = Readonly<Record<string, Operation>>;

export const TEXT: Json = { type: "string" };
export const NUMBER: Json = { type: "number" };
export const NULLABLE: Json = { type: ["number", "null"] };

/** An object with these fields, none of which is missing. */
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
  "Tickwire-Position": header("of the newest tick that is in the answer", ref("Position")),
};

/** Names and prefixes in a comma list. */
export const SYMBOLS: Json = {
  ...query("symbol", "comma list of symbols and of prefixes such as BTC/*; absent means all", {
    ...listOf(TEXT),
    maxItems: SYMBOLS_MAX,
  }),
  style: "form",
  explode: false,
};
export const SYMBOL: Json = required(query("symbol", "one symbol", ref("Symbol")));
export const SYMBOL_IN_PATH: Json = {
  ...{ name: "symbol", in: "path", required: true, schema: ref("Symbol") },
  description: "what follows the first slash, slashes included",
};
export const INTERVAL: Json = query("interval", "width of a bar", words(INTERVALS, "1m"));

const TIME = "milliseconds since the Unix epoch, ISO 8601, or relative to now such as -1h";

export const FROM = query("from", `included; ${TIME}`);
export const TO = query("to", `not included; ${TIME}`);

/** Which part of a history, and in what form. */
export const HISTORY: readonly Json[] = [
  FROM,
  TO,
  query("limit", "with from or after the first ones, alone the newest ones", {
    type: "integer",
    ...{ minimum: 1, maximum: LIMIT_MAX, default: LIMIT_DEFAULT },
  }),
  query(
    "format",
    "absent means what Accept asks for",
    words(["json", "ndjson", "csv", "arrow", "parquet"]),
  ),
];
export const HISTORY_CODES = {
  400: ["bad_parameter", "bad_symbol", "bad_from", "bad_to", "bad_limit", "bad_format"],
};

/** What the address of a stream may ask for. */
export const STREAM_QUERY: readonly Json[] = [
  SYMBOLS,
  query("channel", "tick, quote, or bar and an interval such as bar:1m"),
  query("mode", "all: nothing is left out", words(["all", "latest"])),
  query("every", "between frames at least: milliseconds, or a duration such as 10s"),
  query("from", "where to start: a position or a time"),
  query("speed", "with from: times as fast as recorded", { type: "number", minimum: 0 }),
  query("format", "of rows", words(["object", "columns", "value", "list"], "object")),
];

/** What the address of a WebSocket for batches may say. */
export const BATCHES_QUERY: readonly Json[] = [
  query(
    "format",
    "of each frame; absent means as it looks",
    words(["json", "ndjson", "csv", "influx"]),
  ),
];

/** Rows in each of the forms that a history comes in. */
export function history(description: string, row: Json, headers: Answer["headers"] = {}): Answer {
  return {
    description,
    headers: {
      ...headers,
      "Link": header("the next page, where limit has cut the answer"),
      "Tickwire-Next": header("where the next page begins: after of ticks, from of bars"),
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
