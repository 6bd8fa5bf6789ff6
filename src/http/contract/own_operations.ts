import { INTERVALS } from "../../core/interval.ts";
import { FORM_OPTIONS } from "../../records/form_options.ts";
import { BUCKETS_DEFAULT, BUCKETS_MAX } from "../native/activity.ts";
import { ASSETS } from "../page/assets.ts";
import { KEY_LENGTH_MAX } from "../native/ingest.ts";
import { LIMIT_DEFAULT, LIMIT_MAX } from "../query.ts";
import { BODY_BYTES_MAX } from "../native/symbols.ts";
import { CORRECTION_OPERATIONS } from "./correction_operations.ts";
import {
  type Answer,
  FROM,
  header,
  HISTORY,
  history,
  HISTORY_CODES,
  INTERVAL,
  json,
  type Operation,
  type Operations,
  POSITION_HEADER,
  query,
  requestHeader,
  STREAM_QUERY,
  SYMBOL,
  SYMBOL_IN_PATH,
  SYMBOLS,
  TEXT,
  TO,
  words,
} from "./operation.ts";
import { listOf, ref } from "./values.ts";

const BINARY = { type: "string", format: "binary" };
export const UNCHANGED: Answer = { description: "the client has this version, by its ETag" };
const DOCUMENT = json("the document", { type: "object" });

/** Error codes of all routes that add ticks. */
export const BATCH_CODES = {
  400: [
    ...["bad_tick", "bad_json", "bad_encoding", "broken_off"],
    ...["bad_idempotency_key", "too_many_symbols"],
  ],
  408: ["too_slow"],
  413: ["too_large"],
  415: ["bad_content_encoding", "bad_content_type"],
  503: ["busy", "log_unavailable"],
  507: ["tape_full"],
};
export const IDEMPOTENCY_KEY = requestHeader(
  "Idempotency-Key",
  "makes a retry within a day safe",
  { ...TEXT, maxLength: KEY_LENGTH_MAX },
);
export const CONTENT_ENCODING = requestHeader(
  "Content-Encoding",
  "compression of the body",
  words(["identity", "gzip"], "identity"),
);

/** Replicas may be at different positions. */
const AT = query("at", "answers at this position; waits up to 5 s for it", ref("Position"));
const AT_CODES = { 410: ["gone"], 503: ["behind"] };

const RECORD_PARAMETERS = [
  IDEMPOTENCY_KEY,
  CONTENT_ENCODING,
  ...Object.entries(FORM_OPTIONS).map(([name, description]) => query(name, description)),
];

/** A body of records in all formats. @param what the name of one record */
function bodyOf(schema: "NewTick" | "NewBar", what: string) {
  return {
    "application/json": { anyOf: [listOf(ref(schema)), ref(schema)] },
    "application/x-ndjson": { ...TEXT, description: `a ${what} on each line` },
    "text/csv": { ...TEXT, description: `a header, then a ${what} on each line` },
    "application/vnd.apache.parquet": BINARY,
    "application/vnd.apache.arrow.stream": BINARY,
    "application/vnd.apache.arrow.file": BINARY,
  };
}

const TICKS: Operations = {
  "GET /ticks": {
    summary: "Ticks in tape order",
    description: "As a WebSocket, this path accepts ticks: see /asyncapi.json.",
    parameters: [
      SYMBOLS,
      query("after", "only ticks after this position", ref("Position")),
      AT,
      ...HISTORY,
    ],
    answers: { 200: history("ticks", ref("Tick"), POSITION_HEADER) },
    codes: {
      400: [...HISTORY_CODES[400], "bad_after", "bad_at", "too_many_symbols"],
      410: ["gone"],
      500: ["tape_unreadable"],
      503: ["behind"],
    },
  },
  "POST /ticks": {
    summary: "Adds ticks to the tape: all of them or, with an error, none",
    description: "The parameters describe the form of the records, if it is not that of NewTick.",
    parameters: RECORD_PARAMETERS,
    body: bodyOf("NewTick", "tick"),
    answers: { 200: json("the ticks are on the tape", ref("Accepted")) },
    codes: { ...BATCH_CODES, 400: [...BATCH_CODES[400], "bad_parameter"] },
  },
};

const MARKET: Operations = {
  "GET /snapshot": {
    summary: "The newest row of each symbol",
    parameters: [SYMBOLS, AT],
    answers: { 200: json("board rows", listOf(ref("Row")), POSITION_HEADER) },
    codes: { 400: ["bad_at", "bad_parameter", "bad_symbol", "too_many_symbols"], ...AT_CODES },
  },
  "GET /symbols": {
    summary: "Instruments",
    parameters: [
      query("query", "a part of the symbol or the name, in any letter case"),
      query("limit", "maximum number of instruments", {
        type: "integer",
        ...{ minimum: 1, maximum: LIMIT_MAX, default: LIMIT_DEFAULT },
      }),
    ],
    answers: { 200: json("instruments", listOf(ref("Instrument"))) },
    codes: { 400: ["bad_parameter", "bad_limit"] },
  },
  "GET /symbols/:symbol{.+}": {
    summary: "One instrument",
    parameters: [SYMBOL_IN_PATH],
    answers: { 200: json("the instrument", ref("Instrument")) },
    codes: { 400: ["bad_symbol"], 404: ["unknown_symbol"] },
  },
  "PUT /symbols/:symbol{.+}": {
    summary: "Changes the reference data of an instrument",
    parameters: [SYMBOL_IN_PATH, CONTENT_ENCODING],
    body: { "application/json": ref("InstrumentFields") },
    bodyBytesMax: BODY_BYTES_MAX,
    answers: { 200: json("the instrument", ref("Instrument")) },
    codes: {
      400: [
        ...["bad_symbol", "bad_json", "bad_encoding", "broken_off"],
        ...["bad_instrument", "too_many_symbols"],
      ],
      413: ["too_large"],
      507: ["tape_full"],
    },
  },
  "GET /backup": {
    summary: "A copy of the tape's file",
    description: "An SQLite database of this version, for tickwire restore.",
    answers: {
      200: {
        description: "the file",
        headers: {
          ...POSITION_HEADER,
          "Tickwire-Bytes": header("size of the file", { type: "integer" }),
        },
        content: { "application/vnd.sqlite3": {} },
      },
    },
    codes: { 409: ["no_file"], 503: ["busy"] },
  },
  "GET /activity": {
    summary: "Number of ticks of all symbols in each interval of the tape",
    parameters: [
      FROM,
      TO,
      query("limit", "maximum number of intervals", {
        type: "integer",
        ...{ minimum: 1, maximum: BUCKETS_MAX, default: BUCKETS_DEFAULT },
      }),
    ],
    answers: {
      200: json("counts; the first interval starts at from", {
        type: "object",
        properties: {
          from: { type: "number" },
          interval: words(INTERVALS),
          counts: listOf({ type: "integer", minimum: 0 }),
        },
        required: ["from", "interval", "counts"],
      }),
    },
    codes: {
      400: ["bad_parameter", "bad_from", "bad_to", "bad_limit"],
      500: ["tape_unreadable"],
    },
  },
  "GET /bars": {
    summary: "Bars by time",
    parameters: [
      SYMBOL,
      INTERVAL,
      ...HISTORY,
      query(
        "fill",
        "previous: flat bars for intervals without ticks",
        words(["none", "previous"], "none"),
      ),
      query("since", "with fill: the earlier bar to fill from, as in Link"),
      AT,
    ],
    answers: { 200: history("bars", ref("Bar")) },
    codes: {
      400: [
        ...HISTORY_CODES[400],
        ...["bad_at", "bad_interval", "bad_fill", "bad_since", "too_many_symbols"],
      ],
      500: ["tape_unreadable"],
      ...AT_CODES,
    },
  },
  "POST /bars": {
    summary: "Imports bars, replacing the existing ones: all of them or, with an error, none",
    parameters: RECORD_PARAMETERS,
    body: bodyOf("NewBar", "bar"),
    answers: { 200: json("the bars are in the log", ref("Accepted")) },
    codes: { ...BATCH_CODES, 400: [...BATCH_CODES[400].slice(2), "bad_bar", "bad_parameter"] },
  },
  "GET /stream": {
    summary: "The frames of /ws as Server-Sent Events",
    description: "The data of each event is a frame of /asyncapi.json. At least one of symbol," +
      " channel and format is required.",
    parameters: [
      ...STREAM_QUERY,
      query("lastEventId", "the same as Last-Event-ID", ref("Position")),
      requestHeader("Last-Event-ID", "continues after this position", ref("Position")),
    ],
    answers: { 200: { description: "events", content: { "text/event-stream": TEXT } } },
    codes: {
      400: [
        ...["bad_request", "bad_parameter", "bad_symbol", "bad_channel", "bad_every"],
        ...["bad_from", "bad_last_event_id", "too_many_symbols"],
      ],
      503: ["too_many_clients"],
    },
  },
};

const OPERATION: Operations = {
  "GET /healthz": {
    summary: "Whether the process responds",
    answers: { 200: json("it responds", ref("Health")) },
  },
  "GET /readyz": {
    summary: "Whether feeds and history are ready",
    answers: {
      200: json("ready", ref("Readiness")),
      503: json(
        "a feed is starting or has failed, or the server is far behind the log",
        ref("Readiness"),
      ),
    },
  },
  "GET /metrics": {
    summary: "Metrics for Prometheus",
    answers: { 200: { description: "text exposition format", content: { "text/plain": TEXT } } },
  },
  "GET /openapi.json": {
    summary: "This document",
    answers: { 200: DOCUMENT, 304: UNCHANGED },
  },
  "GET /asyncapi.json": {
    summary: "The messages on WebSockets and event streams",
    answers: { 200: DOCUMENT, 304: UNCHANGED },
  },
  "GET /favicon.ico": {
    summary: "An empty answer for browsers",
    answers: { 204: { description: "no icon" } },
  },
};

/** A WebSocket path, which answers plain requests with 426. */
function socket(summary: string, more: Partial<Operation> = {}): Operation {
  return {
    summary: `${summary}: a WebSocket, see /asyncapi.json`,
    ...more,
    answers: { 101: { description: "the WebSocket is open" } },
    codes: { ...more.codes, 403: ["bad_origin"], 426: ["upgrade_required"] },
  };
}

const ROOM = { name: "room", in: "path", required: true, schema: ref("Symbol") };
const SOCKETS: Operations = {
  "GET /ws": socket("The stream", {
    parameters: STREAM_QUERY,
    codes: { 400: ["bad_parameter"] },
  }),
  "GET /rooms/:room": socket("A room", { parameters: [ROOM], codes: { 400: ["bad_room"] } }),
  "GET /kraken": socket("Kraken's protocol, version 1"),
  "GET /kraken/": socket("The same"),
  "GET /kraken/v2": socket("Kraken's protocol, version 2"),
  "GET /kraken/v2/": socket("The same"),
};

const PAGES: Operations = Object.fromEntries(
  Object.entries(ASSETS).map(([path, { type }]) => [
    `GET ${path}`,
    {
      summary: path.startsWith("/static/") ? "A file of the page" : "The page",
      answers: {
        200: { description: "the file", content: { [type.split(";")[0]!]: TEXT } },
        304: UNCHANGED,
      },
    },
  ]),
);

/** The server's own routes. */
export const OWN_OPERATIONS: Operations = {
  ...TICKS,
  ...MARKET,
  ...CORRECTION_OPERATIONS,
  ...OPERATION,
  ...SOCKETS,
  ...PAGES,
};
