/** Schemas of requests and answers. `satisfies` compares them with the types of the code. */
import { z } from "zod";
import type { Bar as BarType } from "../../core/bar.ts";
import type { Row as RowType } from "../../core/board.ts";
import { DECIMALS_MAX, DESCRIPTION_LENGTH_MAX, NAME_LENGTH_MAX } from "../../core/instrument.ts";
import { INTERVALS } from "../../core/interval.ts";
import { SYMBOL, type TapedTick } from "../../core/tick.ts";
import type { FeedReport } from "../../feeds/feed_run.ts";

export type Json = Readonly<Record<string, unknown>>;

const time = z.number().describe("milliseconds since the Unix epoch, UTC; may have a fraction");
const number = z.number().nullable();
const text = z.string().nullable();
const count = z.int().min(0);

const Symbol = z.string().regex(SYMBOL).describe("the name of an instrument");
const Position = z.string().regex(/^[^:]+:\d+$/).describe("a position on the tape, epoch:seq");

const Tick = z.object({
  seq: z.int().min(1).describe("sequence number on the tape"),
  symbol: Symbol,
  time,
  price: z.number(),
  size: number,
  bid: number,
  ask: number,
}) satisfies z.ZodType<TapedTick>;

const NewTick = z.object({
  symbol: Symbol,
  price: z.number().optional().describe("by default the middle of bid and ask"),
  size: z.number().min(0).nullish(),
  bid: z.number().nullish(),
  ask: z.number().nullish(),
  time: z.union([z.number(), z.string()]).nullish()
    .describe("milliseconds, or ISO 8601 with a zone; absent for now"),
}).describe("a tick as sent by a client");

const NewBar = z.object({
  symbol: Symbol,
  interval: z.string().optional().describe(
    "by default that of the query, or the spacing of the bars",
  ),
  time: z.union([z.number(), z.string()]).describe("a time in the bar: milliseconds, or ISO 8601"),
  open: z.number(),
  high: z.number(),
  low: z.number(),
  close: z.number(),
  volume: z.number().min(0).nullish(),
}).describe("a bar as sent by a client");

const Row = z.object({
  symbol: Symbol,
  name: text,
  date: z.iso.date().nullable().describe("UTC day of the newest tick"),
  time: time.nullable(),
  price: number,
  change: number,
  change_percent: number.describe("a fraction: 0.0306 is 3.06 %"),
  volume: number,
  prev_close: number,
  open: number,
  high: number,
  low: number,
  bid: number,
  ask: number,
  market_cap: number,
}).describe("the newest quote of a symbol; unknown values are null") satisfies z.ZodType<RowType>;

const Bar = z.object({
  symbol: Symbol,
  interval: z.enum(INTERVALS),
  time: time.describe("start of the interval, milliseconds since the Unix epoch, UTC"),
  open: z.number(),
  high: z.number(),
  low: z.number(),
  close: z.number(),
  volume: z.number().min(0).nullable().describe("null if the sum is too large for a number"),
  vwap: number,
  count,
  closed: z.boolean(),
  revised: z.boolean().describe("whether a late tick changed it after its close"),
}) satisfies z.ZodType<BarType>;

const fields = {
  name: z.string().max(NAME_LENGTH_MAX).nullable(),
  description: z.string().max(DESCRIPTION_LENGTH_MAX).nullable(),
  decimals: z.int().min(0).max(DECIMALS_MAX),
  prev_close: number,
  shares: z.number().min(0).nullable(),
};

const Feed = z.object({
  name: z.string(),
  state: z.enum(["standby", "starting", "running", "paused", "retrying", "ended", "failed"]),
  error: text.describe("the last error, even if it is resolved"),
  errorTime: time.nullable(),
  retries: count,
  ticks: count,
  leftOut: count.describe("records that could not be read"),
  rate: z.number().describe("ticks a second, over the last ten seconds"),
  lag: number.describe("age of the newest tick in milliseconds"),
}) satisfies z.ZodType<FeedReport>;

/** The schemas by their name in both documents. */
const VALUES = {
  Symbol,
  Position,
  Tick,
  NewTick,
  NewBar,
  Row,
  Bar,
  Instrument: z.object({ symbol: Symbol, ...fields }),
  InstrumentFields: z.strictObject({ ...fields, decimals: fields.decimals.nullable() }).partial()
    .describe("absent fields keep their values, null makes a value unknown"),
  Error: z.object({
    detail: z.string().describe("for people"),
    code: z.string().describe("for programs"),
    status: z.int().min(400).max(599),
  }),
  Accepted: z.object({ accepted: count, position: Position }),
  Health: z.object({ status: z.literal("ok"), version: z.string() }),
  Feed,
  Readiness: z.object({
    ready: z.boolean(),
    position: Position,
    clients: count,
    ticksToMigrate: z.int().min(0).describe("ticks of an older version that are not in blocks yet"),
    feeds: z.array(Feed),
    log: z.object({
      engine: z.enum(["local", "jetstream"]),
      connected: z.boolean().describe("whether writes are possible"),
      reconnects: count,
      lag: z.object({
        entries: count.describe("entries that were not read yet"),
        ms: z.number().describe("age of the newest entry read, if some are not read yet"),
      }),
      current: z.boolean().describe("whether all entries of a second ago were read"),
      leases: z.array(z.string()).describe("feeds that only this replica runs"),
    }),
  }),
};

export type ValueName = keyof typeof VALUES;

/** Refers to a value by its name. */
export function ref(name: ValueName): Json {
  return { $ref: `#/components/schemas/${name}` };
}

export function listOf(items: Json): Json {
  return { type: "array", items };
}

/**
 * The values as JSON Schemas by name. They allow further fields, which later versions may add.
 * @param target OpenAPI 3.1 uses 2020-12, AsyncAPI 3.0 uses draft-07
 */
export function schemas(target: "draft-2020-12" | "draft-7"): Json {
  const registry = z.registry<{ id: string }>();
  for (const [id, schema] of Object.entries(VALUES)) registry.add(schema, { id });
  const uri = (id: string) => `#/components/schemas/${id}`;
  const { schemas } = z.toJSONSchema(registry, { uri, target, io: "input" });
  return Object.fromEntries(
    Object.entries(schemas).map(([name, { $id: _, $schema: __, ...schema }]) => [name, schema]),
  );
}
