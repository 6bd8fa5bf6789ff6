/** Routes in the protocols of other systems. Their documents describe the details. */
import { BODY_BYTES_MAX, METHODS } from "../kraken/routes.ts";
import { LIMIT_DEFAULT, LIMIT_MAX } from "../query.ts";
import { INTERVAL_OF } from "../udf/routes.ts";
import {
  type Answer,
  header,
  INTERVAL,
  json,
  NULLABLE,
  NUMBER,
  object,
  type Operation,
  type Operations,
  query,
  required,
  SYMBOL,
  TEXT,
  words,
} from "./operation.ts";
import { BATCH_CODES, CONTENT_ENCODING, IDEMPOTENCY_KEY, UNCHANGED } from "./own_operations.ts";
import { type Json, listOf, ref } from "./values.ts";

const TABLE = listOf(object({
  date: { type: "string", format: "date-time" },
  ...{ open: NUMBER, high: NUMBER, low: NUMBER, close: NUMBER },
  ...{ volume: NULLABLE, vwap: NULLABLE, count: { type: "integer" } },
}));
const FIGURE = object({
  data: listOf({ type: "object" }),
  layout: { type: "object" },
  config: { type: "object" },
});

const OPENBB: Operations = {
  "GET /widgets.json": {
    summary: "The widgets of OpenBB Workspace",
    answers: {
      200: json("widgets by their ids", {
        type: "object",
        additionalProperties: { type: "object" },
      }),
      304: UNCHANGED,
    },
  },
  "GET /apps.json": {
    summary: "The apps of OpenBB Workspace",
    answers: { 200: json("apps", listOf({ type: "object" })), 304: UNCHANGED },
  },
  "GET /openbb/symbols": {
    summary: "Symbols to choose from",
    answers: { 200: json("options", listOf(object({ label: TEXT, value: ref("Symbol") }))) },
  },
  "GET /openbb/chart": {
    summary: "Candles and volume as a figure of Plotly",
    parameters: [
      SYMBOL,
      INTERVAL,
      query("theme", "colours of the figure", words(["dark", "light"], "dark")),
      query("raw", "true: a table instead of a figure", words(["true", "false"], "false")),
    ],
    answers: { 200: json("a figure, or a table", { anyOf: [FIGURE, TABLE] }) },
    codes: { 400: ["bad_symbol", "bad_interval", "bad_theme", "bad_raw", "too_many_symbols"] },
  },
  "GET /openbb/bars": {
    summary: "The newest bars, newest first",
    parameters: [SYMBOL, INTERVAL],
    answers: { 200: json("a table", TABLE) },
    codes: { 400: ["bad_symbol", "bad_interval", "too_many_symbols"] },
  },
  "GET /openbb/metric": {
    summary: "The price and its change, in words",
    parameters: [SYMBOL],
    answers: { 200: json("a metric", object({ label: TEXT, value: TEXT, delta: TEXT })) },
    codes: { 400: ["bad_symbol", "too_many_symbols"] },
  },
};

const UDF_SYMBOL = required(
  query("symbol", "in any letter case, with or without the prefix tickwire:"),
);
const UDF_ERROR = object({
  ...{ s: { const: "error" }, errmsg: TEXT },
  ...{ detail: TEXT, code: TEXT, status: { type: "integer" } },
});
const seconds = (name: string, description: string) =>
  query(name, `${description}, seconds since the Unix epoch`, NUMBER);
const BARS = object({
  s: { const: "ok" },
  ...Object.fromEntries([..."tohlcv"].map((name) => [name, listOf(NUMBER)])),
});
const NO_DATA: Json = {
  type: "object",
  properties: { s: { const: "no_data" }, nextTime: NUMBER },
  required: ["s"],
};

const UDF: Operations = {
  "GET /udf": {
    summary: "The address of the datafeed",
    answers: {
      200: json("name and protocol", object({ name: TEXT, protocol: TEXT, config: TEXT })),
    },
  },
  "GET /udf/config": {
    summary: "Configuration of the datafeed",
    answers: { 200: json("the configuration", { type: "object" }) },
  },
  "GET /udf/time": {
    summary: "The time",
    answers: {
      200: {
        description: "seconds since the Unix epoch",
        content: { "text/plain": { type: "string", pattern: "^\\d+$" } },
      },
    },
  },
  "GET /udf/search": udf({
    summary: "Symbols by a part of their name",
    parameters: [
      query("query", "a part of the symbol or the name"),
      query("limit", "maximum number of symbols", {
        type: "integer",
        ...{ minimum: 1, maximum: LIMIT_MAX, default: LIMIT_DEFAULT },
      }),
    ],
    answers: {
      200: json(
        "the matching symbols",
        listOf(object({
          ...{ symbol: TEXT, full_name: TEXT, description: TEXT },
          ...{ exchange: TEXT, ticker: TEXT, type: TEXT },
        })),
      ),
    },
    codes: { 400: ["bad_limit"] },
  }),
  "GET /udf/symbols": udf({
    summary: "A symbol",
    parameters: [UDF_SYMBOL],
    answers: { 200: json("symbol information for a chart", { type: "object" }) },
    codes: { 400: ["bad_symbol"], 404: ["unknown_symbol"] },
  }),
  "GET /udf/history": udf({
    summary: "Bars, in columns",
    parameters: [
      UDF_SYMBOL,
      required(query("resolution", "width of a bar", words([...INTERVAL_OF.keys()]))),
      seconds("from", "included"),
      seconds("to", "not included"),
      query("countback", "minimum number of bars", { type: "integer", minimum: 0 }),
    ],
    answers: {
      200: json("bars", { anyOf: [BARS, NO_DATA] }),
    },
    codes: {
      400: ["bad_symbol", "bad_resolution", "bad_from", "bad_to", "bad_countback"],
      404: ["unknown_symbol"],
    },
  }),
  "GET /udf/quotes": udf({
    summary: "Quotes",
    parameters: [query("symbols", "comma list")],
    answers: {
      200: json("quotes", object({ s: { const: "ok" }, d: listOf({ type: "object" }) })),
    },
  }),
};

function udf(operation: Operation): Operation {
  return { ...operation, errorSchema: UDF_ERROR };
}

const VERSION_HEADER = { "X-Influxdb-Version": header("version of the protocol") };
const WRITTEN: Answer = {
  description: "the points are on the tape",
  headers: {
    ...VERSION_HEADER,
    "Tickwire-Accepted": header("number of ticks added"),
    "Tickwire-Skipped": header("number of values that cannot be ticks"),
    "Tickwire-Position": header("position of the last tick", ref("Position")),
  },
};
const write = (errorSchema: Json): Operation => ({
  summary: "Adds points in line protocol to the tape",
  description:
    "Lines that cannot be read are left out. The answer is then 400 with the headers of 204, " +
    "and its text is `partial write: unable to parse '…': line N: … dropped=N`",
  parameters: [
    query("precision", "unit of times", words(["ns", "us", "ms", "s", "m", "h"], "ns")),
    IDEMPOTENCY_KEY,
    CONTENT_ENCODING,
  ],
  body: { "text/plain": { ...TEXT, description: "line protocol" } },
  answers: { 204: WRITTEN },
  codes: { ...BATCH_CODES, 400: [...BATCH_CODES[400], "bad_precision"] },
  errorSchema,
});

const INFLUX: Operations = {
  "POST /write": write(object({ error: TEXT })),
  "POST /api/v2/write": write({
    type: "object",
    properties: { code: TEXT, message: TEXT, line: { type: "integer", minimum: 1 } },
    required: ["code", "message"],
  }),
  "GET /ping": {
    summary: "Health check of InfluxDB 1",
    answers: { 204: { description: "the server responds", headers: VERSION_HEADER } },
  },
  "GET /health": {
    summary: "Health check of InfluxDB 2",
    answers: {
      200: json("healthy", object({ name: TEXT, message: TEXT, status: TEXT, version: TEXT })),
    },
  },
};

const KRAKEN_ANSWER: Json = {
  type: "object",
  properties: { error: listOf(TEXT), result: { type: "object" } },
  required: ["error"],
};
const KRAKEN_METHOD: Operation = {
  summary: "Kraken's public REST API",
  description: "https://docs.kraken.com/api/docs/category/rest-api/market-data",
  parameters: [
    {
      ...{ name: "method", in: "path", required: true },
      schema: words(METHODS),
    },
    query("pair", "comma list of pairs"),
    query("asset", "comma list of assets"),
    query("info", "for AssetPairs", words(["info", "leverage", "fees", "margin"], "info")),
    query("interval", "for OHLC, in minutes", { type: "integer", default: 1 }),
    query("since", "for OHLC, Trades and Spread"),
    query("count", "for Trades and Depth", { type: "integer" }),
  ],
  answers: {
    200: json("a result or an error", KRAKEN_ANSWER),
    404: json("there is no such method", KRAKEN_ANSWER),
  },
};

const KRAKEN: Operations = {
  "GET /kraken/0/public/:method": KRAKEN_METHOD,
  "POST /kraken/0/public/:method": {
    ...KRAKEN_METHOD,
    body: { "application/x-www-form-urlencoded": { type: "object" } },
    bodyBytesMax: BODY_BYTES_MAX,
  },
};

export const FOREIGN_OPERATIONS: Operations = { ...OPENBB, ...UDF, ...INFLUX, ...KRAKEN };
