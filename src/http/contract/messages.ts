/** Payloads of the messages on WebSockets and event streams, by name. */
import { z } from "zod";
import { REQUESTS } from "../../wire/native.ts";
import { NUMBER, object, TEXT, words } from "./operation.ts";
import { type Json, listOf, ref } from "./values.ts";

const ID: Json = { type: ["string", "number"] };
/** An error repeats the request's value, even an invalid one. */
const ANYTHING: Json = {};
const EXPIRES: Json = { ...NUMBER, description: "milliseconds since the Unix epoch" };
const BOUND: Json = {
  type: ["number", "null"],
  description: "event time; null is an open end",
};
const FLAG: Json = { type: "boolean" };
const SEQ: Json = { type: "integer", minimum: 0 };
const ROWS: Json = listOf({ anyOf: [ref("Row"), ref("Bar")] });
const CELLS: Json = listOf({ type: ["string", "number", "boolean", "null"] });

/** Adds optional fields to an object schema. */
function withOptional(needed: Json, optional: Readonly<Record<string, Json>>): Json {
  return { ...needed, properties: { ...optional, ...needed["properties"] as Json } };
}

function said(op: string, fields: Record<string, Json>, optional: Record<string, Json> = {}): Json {
  return withOptional(object({ op: { const: op }, ...fields }), optional);
}

/** The schemas that validate requests of the native protocol also describe them. */
export const NATIVE_REQUESTS: Readonly<Record<string, Json>> = Object.fromEntries(
  REQUESTS.map((request) => {
    const { $schema: _, ...schema } = z.toJSONSchema(request, { target: "draft-7", io: "input" });
    return [request.shape.op.value, schema];
  }),
);

export const NATIVE_ANSWERS: Readonly<Record<string, Json>> = {
  subscribed: said("subscribed", {
    sub: TEXT,
    position: ref("Position"),
    recovered: FLAG,
    granted: withOptional(
      object({
        channel: TEXT,
        mode: words(["all", "latest"]),
        every: { ...NUMBER, description: "milliseconds" },
        format: words(["object", "columns"]),
      }),
      { speed: NUMBER },
    ),
    symbols: listOf(ref("Symbol")),
    unknown: listOf(ref("Symbol")),
    snapshot: ROWS,
  }, { id: ID, reason: TEXT, columns: listOf(TEXT) }),
  updated: said("updated", { sub: TEXT }, {
    id: ID,
    position: ref("Position"),
    symbols: listOf(ref("Symbol")),
    snapshot: ROWS,
  }),
  unsubscribed: said("unsubscribed", { sub: TEXT }, { id: ID }),
  data: said("data", {
    sub: TEXT,
    prev: SEQ,
    seq: SEQ,
    rows: listOf({ anyOf: [ref("Tick"), ref("Row"), ref("Bar"), CELLS] }),
  }, { merged: { type: "integer", minimum: 1 } }),
  symbols: said("symbols", { sub: TEXT, add: listOf(ref("Symbol")) }),
  corrected: said("corrected", {
    ...{ sub: TEXT, symbol: ref("Symbol"), from: BOUND, to: BOUND },
    seq: { ...SEQ, description: "the correction applies to ticks before this seq" },
  }, {
    seqs: {
      ...listOf(SEQ),
      description: "only these ticks; from and to are the times around them",
    },
    rows: { ...listOf(ref("Tick")), description: "the ticks with these seqs, as they were" },
    removed: { const: true, description: "the symbol itself was removed" },
  }),
  heartbeat: said("heartbeat", { seq: SEQ, time: NUMBER }),
  draining: said("draining", { reconnectAfter: { ...NUMBER, description: "milliseconds" } }),
  token: said("token", { expires: EXPIRES }),
  authorized: said("authorized", { expires: { ...EXPIRES, type: ["number", "null"] } }, { id: ID }),
  pong: said("pong", { time: NUMBER }, { id: ID }),
  error: said("error", { code: TEXT, message: TEXT }, {
    id: ANYTHING,
    retryAfter: { ...NUMBER, description: "milliseconds" },
  }),
};

const NAMES: Json = { anyOf: [TEXT, listOf(TEXT), { type: "null" }] };

/** The first frame of a live grid on `/ws`. */
export const GRID_REQUEST: Json = {
  type: "object",
  properties: {
    type: { const: "params" },
    params: {
      type: "object",
      properties: { symbol: NAMES, symbols: NAMES },
      additionalProperties: true,
    },
  },
  anyOf: [{ required: ["params"] }, { required: ["type"] }],
};
export const VALUE: Json = object({ value: NUMBER });

export const BATCHES: Readonly<Record<string, Json>> = {
  batch: {
    anyOf: [
      listOf(ref("NewTick")),
      ref("NewTick"),
      withOptional(object({ ticks: listOf(ref("NewTick")) }), { id: ID, key: TEXT }),
      { ...TEXT, description: "NDJSON, CSV or line protocol" },
    ],
  },
  accepted: withOptional(object({ accepted: SEQ, position: ref("Position") }), {
    id: ID,
    skipped: SEQ,
  }),
  refused: withOptional(
    object({
      detail: TEXT,
      code: { ...TEXT, description: "the codes of POST /ticks, and too_many" },
      status: { type: "integer" },
    }),
    { id: ANYTHING },
  ),
};

const PAIR_TEXTS: Json = listOf(TEXT);
const REQUEST_NUMBER: Json = { type: "integer" };

export const KRAKEN_V1_REQUESTS: Readonly<Record<string, Json>> = {
  krakenV1Request: withOptional(
    object({ event: words(["ping", "subscribe", "unsubscribe"]) }),
    {
      reqid: REQUEST_NUMBER,
      pair: PAIR_TEXTS,
      channelID: { type: "integer" },
      subscription: withOptional(
        object({ name: words(["ticker", "ohlc", "trade", "spread", "*"]) }),
        { interval: { type: "integer" }, snapshot: FLAG },
      ),
    },
  ),
};
export const KRAKEN_V1_ANSWERS: Readonly<Record<string, Json>> = {
  krakenV1Status: object({
    connectionID: SEQ,
    event: { const: "systemStatus" },
    status: words(["online", "maintenance"]),
    version: TEXT,
  }),
  krakenV1Heartbeat: object({ event: { const: "heartbeat" } }),
  krakenV1Answer: withOptional(
    object({ event: words(["pong", "subscriptionStatus", "pingStatus", "error"]) }),
    {
      status: words(["subscribed", "unsubscribed", "error"]),
      ...{ Error: TEXT, errorMessage: TEXT, channelID: { type: "integer" }, channelName: TEXT },
      ...{ pair: ANYTHING, reqid: ANYTHING, subscription: ANYTHING },
    },
  ),
  krakenV1Data: {
    type: "array",
    description: "channel number, data, channel name, pair",
    items: [{ type: "integer" }, { type: ["array", "object"] }, TEXT, TEXT],
    ...{ minItems: 4, maxItems: 4 },
  },
};

export const KRAKEN_V2_REQUESTS: Readonly<Record<string, Json>> = {
  krakenV2Request: withOptional(
    object({ method: words(["ping", "subscribe", "unsubscribe"]) }),
    { req_id: REQUEST_NUMBER, params: { type: "object", additionalProperties: true } },
  ),
};
export const KRAKEN_V2_ANSWERS: Readonly<Record<string, Json>> = {
  krakenV2Heartbeat: object({ channel: { const: "heartbeat" } }),
  krakenV2Answer: withOptional(
    object({ time_in: TEXT, time_out: TEXT }),
    {
      method: ANYTHING,
      ...{ req_id: ANYTHING, success: FLAG, error: TEXT, symbol: ANYTHING },
      result: { type: "object", additionalProperties: true },
    },
  ),
  krakenV2Data: withOptional(
    object({
      channel: words(["status", "ticker", "ohlc", "trade", "instrument"]),
      type: words(["snapshot", "update"]),
      data: { type: ["array", "object"] },
    }),
    { timestamp: TEXT },
  ),
};
