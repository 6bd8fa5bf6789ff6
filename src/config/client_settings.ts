import { z } from "zod";
import { INTERVALS } from "../core/interval.ts";
import { FORM_OPTIONS } from "../records/form_options.ts";
import { count, credential, durationFrom, text, toggle } from "./setting_kinds.ts";

// Settings of the commands that do not serve; most of them talk to a running server.

const SERVER = {
  url: text.default("http://localhost:5050").describe("server to talk to"),
  key: credential.optional().describe("key or token that the server asks for"),
  ca: text.optional().describe("PEM file of an authority to trust beside those of the system"),
};

export const WATCH = z.object({
  ...SERVER,
  every: durationFrom(50).prefault("250ms").describe("spacing of the pictures"),
  once: toggle.default(false).describe("print the board as it is, and end"),
  json: toggle.default(false).describe("print JSON: with --once an array, else one row a line"),
});

/** The form of records, as for feeds. */
const FORM = Object.fromEntries(
  Object.entries(FORM_OPTIONS).map(([name, what]) => [name, text.optional().describe(what)]),
);

const TRANSFER = {
  ...SERVER,
  batch: count.default(5_000).describe("records in one request"),
  resume: text.regex(/^[\w.-]{1,100}$/, { error: "expected the name that an earlier run printed" })
    .optional()
    .describe("go on with the run of that name; what was sent is not added again"),
};

export const SEND = z.object({ ...TRANSFER, ...FORM });

export const IMPORT = z.object({
  ...TRANSFER,
  ...FORM,
  "dry-run": toggle.default(false).describe("say what is understood, and send nothing"),
});

export const CANCEL = z.object({
  ...SERVER,
  seq: text.optional().describe("comma list of the ticks' seqs"),
  from: text.optional().describe("milliseconds, ISO 8601 or such as -1h, included"),
  to: text.optional().describe("the same, not included"),
  all: toggle.default(false).describe("all of the symbol, and the symbol itself"),
  yes: toggle.default(false).describe("ask nothing"),
  "dry-run": toggle.default(false).describe("say how much it would be, and change nothing"),
});

export const BACKUP = z.object(SERVER);

export const INSPECT = z.object({
  json: toggle.default(false).describe("print JSON"),
});

export const EXPORT = z.object({
  ...SERVER,
  symbol: text.optional().describe("comma list of names and prefixes"),
  from: text.optional().describe("milliseconds, ISO 8601 or such as -1h, included"),
  to: text.optional().describe("the same, not included"),
  limit: count.optional().describe("the first so many rows"),
  format: z.enum(["csv", "ndjson", "json", "arrow", "parquet"]).default("csv").describe(
    "csv, ndjson, json, arrow or parquet",
  ),
  interval: z.enum(INTERVALS).optional().describe("bars of this width instead of ticks"),
});
