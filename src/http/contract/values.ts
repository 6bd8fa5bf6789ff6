/** What is sent and answered, as schemas: what a schema says of a type of ours, the compiler compares. */
import { z } from "zod";
import type { Bar as BarType } from "../../core/bar.ts";
import type { Row as RowType } from "../../core/board.ts";
import { DECIMALS_MAX, DESCRIPTION_LENGTH_MAX, NAME_LENGTH_MAX } from "../../core/instrument.ts";
import { INTERVALS } from "../../core/interval.ts";
import { SYMBOL, type TapedTick } from "../../core/tick.ts";
import type { FeedReport } from "../../feeds/feed_run.ts";

export type Json = Readonly<Record<string, unknown>>;

const time = z.number().describe("milliseconds since the Unix epoch, UTC, with a fraction or none");
const number = z.number().nullable();
const text = z.string().nullable();
const count = z.int().min(0);

const Symbol = z.string().regex(SYMBOL).describe("what names an instrument");
const Position = z.string().regex(/^[^:]+:\d+$/).describe("a place on the tape, epoch:seq");

const Tick = z.object({
  seq: z.int().min(1).describe("its place on the tape"),
  symbol: Symbol,
  time,
  price: z.number(),
  size: number,
  bid: number,
  ask: number,
}) satisfies z.ZodType<TapedTick>;

const NewTick = z.object({
  symbol: Symbol,
  price: z.number().optional().describe("may be absent where bid and ask are given: their middle"),
  size: z.number().min(0).nullish(),
  bid: z.number().nullish(),
  ask: z.number().nullish(),
  time: z.union([z.number(), z.string()]).nullish()
    .describe("milliseconds, or ISO 8601 with a zone; absent means now"),
}).describe("one observation, as it is sent");

const NewBar = z.object({
  symbol: Symbol,
  interval: z.string().optional().describe(
    "when absent told by the query or by the spacing of the bars",
  ),
  time: z.union([z.number(), z.string()]).describe("in it: milliseconds, or ISO 8601"),
  open: z.number(),
  high: z.number(),
  low: z.number(),
  close: z.number(),
  volume: z.number().min(0).nullish(),
}).describe("a bar, as it is sent");

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
}).describe("the newest quote of a symbol; what is unknown is null") satisfies z.ZodType<RowType>;

const Bar = z.object({
  symbol: Symbol,
  interval: z.enum(INTERVALS),
  time: time.describe("start of the interval, milliseconds since the Unix epoch, UTC"),
  open: z.number(),
  high: z.number(),
  low: z.number(),
  close: z.number(),
  volume: z.number().min(0).nullable().describe("null where the sum is beyond all numbers"),
  vwap: number,
  count,
  closed: z.boolean(),
  revised: z.boolean().describe("a late tick has changed it after it had closed"),
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
  error: text.describe("what went wrong last, also when that is over"),
  errorTime: time.nullable(),
  retries: count,
  ticks: count,
  leftOut: count.describe("records that could not be read"),
  rate: z.number().describe("ticks a second, over the last ten seconds"),
  lag: number.describe("age of its newest tick in milliseconds"),
}) satisfies z.ZodType<FeedReport>;

/** By the names that they have in both documents. */
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
    .describe("what is not given stays as it is, null makes it unknown"),
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
    ticksToMigrate: z.int().min(0).describe("ticks of an older version on their way into blocks"),
    feeds: z.array(Feed),
    log: z.object({
      engine: z.enum(["local", "jetstream"]),
      connected: z.boolean().describe("whether something can be logged"),
      reconnects: count,
      lag: z.object({
        entries: count.describe("entries that are not read yet"),
        ms: z.number().describe("age of the newest entry read, where some are not"),
      }),
      current: z.boolean().describe("whether all is read that there was a second ago"),
      leases: z.array(z.string()).describe("feeds that run here and at no other replica"),
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
 * The values as JSON Schemas by name. New fields may be added to them, so they are open.
 * @param target OpenAPI 3.1 speaks 2020-12, AsyncAPI 3.0 draft-07
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
