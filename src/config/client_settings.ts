import { z } from "zod";
import { INTERVALS } from "../core/interval.ts";
import { FORM_OPTIONS } from "../records/form_options.ts";
import { count, credential, durationFrom, text, toggle } from "./setting_kinds.ts";

// Settings of the commands that do not serve; most of them talk to a running server.

const SERVER = {
  url: text.default("http://localhost:5050").describe("server to talk to"),
  key: credential.optional().describe("key or token that the server asks for"),
  ca: text.optional().describe("PEM file of a CA to trust in addition to those of the system"),
};

export const WATCH = z.object({
  ...SERVER,
  every: durationFrom(50).prefault("250ms").describe("time between two redraws"),
  once: toggle.default(false).describe("print the present board, and exit"),
  json: toggle.default(false).describe("print JSON: one row a line, or an array with --once"),
});

/** The form of records, as for feeds. */
const FORM = Object.fromEntries(
  Object.entries(FORM_OPTIONS).map(([name, what]) => [name, text.optional().describe(what)]),
);

const TRANSFER = {
  ...SERVER,
  batch: count.default(5_000).describe("records per request"),
  resume: text.regex(/^[\w.-]{1,100}$/, { error: "expected the name that an earlier run printed" })
    .optional()
    .describe("continue the run with that name; adds no record twice"),
};

export const SEND = z.object({ ...TRANSFER, ...FORM });

export const IMPORT = z.object({
  ...TRANSFER,
  ...FORM,
  "dry-run": toggle.default(false).describe("show how the files are read, and send nothing"),
});

export const CANCEL = z.object({
  ...SERVER,
  seq: text.optional().describe("comma list of seqs of ticks"),
  from: text.optional().describe(
    "start, included: milliseconds, ISO 8601, or relative such as -1h",
  ),
  to: text.optional().describe("end, not included: in the same forms"),
  all: toggle.default(false).describe("all ticks of the symbol, and the symbol itself"),
  yes: toggle.default(false).describe("do not ask for confirmation"),
  "dry-run": toggle.default(false).describe("count the ticks, and change nothing"),
});

export const BACKUP = z.object(SERVER);

export const INSPECT = z.object({
  json: toggle.default(false).describe("print JSON"),
});

export const EXPORT = z.object({
  ...SERVER,
  symbol: text.optional().describe("comma list of names and prefixes"),
  from: text.optional().describe(
    "start, included: milliseconds, ISO 8601, or relative such as -1h",
  ),
  to: text.optional().describe("end, not included: in the same forms"),
  limit: count.optional().describe("number of rows, from the start"),
  format: z.enum(["csv", "ndjson", "json", "arrow", "parquet"]).default("csv").describe(
    "csv, ndjson, json, arrow or parquet",
  ),
  interval: z.enum(INTERVALS).optional().describe("bars of this width instead of ticks"),
});
