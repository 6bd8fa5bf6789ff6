import { z } from "zod";
import { parseDuration } from "../core/duration.ts";
import { DECIMALS_MAX, type InstrumentFields } from "../core/instrument.ts";
import { symbolFault } from "../core/tick.ts";

// Kinds of values. Flags and the environment give text, the file gives JSON.

export const text = z.string().min(1);
/** A number, or a text that contains one. */
export const number = (schema: z.ZodNumber) =>
  z.preprocess(
    (value) => {
      const made = typeof value === "string" && value.trim() !== "" ? Number(value) : value;
      // Keep text that is not a number, so that the error shows it.
      return Number.isNaN(made) ? value : made;
    },
    schema,
  );
/** A value, or `auto` to let the server choose. */
export const autoOr = (schema: z.ZodType<number>) =>
  z.unknown().transform((value, context): number | "auto" => {
    if (value === "auto") return value;
    const made = schema.safeParse(value);
    if (made.success) return made.data;
    const [{ message }] = made.error.issues as [z.core.$ZodIssue];
    context.addIssue({ code: "custom", message: `${message}, or auto` });
    return z.NEVER;
  });
export const countFrom = (least: number) => number(z.number().int().min(least));
export const count = countFrom(1);
/** A flag without a value. */
export const toggle = z.preprocess(
  (value) => value === "true" ? true : value === "false" ? false : value,
  z.boolean(),
);
const listOf = (item: z.ZodString) =>
  z.preprocess((value) => Array.isArray(value) ? value : [value], z.array(item).min(1));
export const list = listOf(text);
export const origins = listOf(
  text.regex(/^(?:\*|null|[a-z][a-z\d+.-]*:\/\/[^\s/?#]+\/?)$/i, {
    error: "expected an origin such as https://app.example.com, or *",
  }),
);
/** Names without a port, because forwarding may change the port. */
export const hosts = listOf(
  text.regex(/^(?:\*|[^\s:/?#@,[\]*]+|\[?(?=[^:]*:[^:]*:)[\da-f:.]+\]?)$/i, {
    error: "expected a host without a port such as ticks.example.com, or *",
  }),
);
/** A key must fit into a header, a URL and a variable with several keys. */
export const key = text.regex(/^[!-~]{1,200}$/, {
  error: "expected 1 to 200 ASCII characters without a blank",
});
export const keys = listOf(key);
/** A key or a token. */
export const credential = text.regex(/^[!-~]{1,8192}$/, {
  error: "expected 1 to 8,192 ASCII characters without a blank",
});
export const durationFrom = (leastMs: number) =>
  z.union([z.string(), z.number()]).transform((value, context) => {
    const ms = parseDuration(String(value));
    if (ms !== undefined && ms >= leastMs) return ms;
    const least = leastMs > 0 ? ` of at least ${leastMs}ms` : "";
    context.addIssue({ code: "custom", message: `expected a duration${least}, such as 10s` });
    return z.NEVER;
  });

/** An address without a slash at the end. */
export const webAddress = z.url({
  protocol: /^https?$/,
  error: "expected an address with http or https",
}).transform((address) => address.replace(/\/+$/, ""));
export const size = z.union([z.string(), z.number()]).transform((value, context) => {
  const match = /^(\d+(?:\.\d+)?)\s*([kmgt]?)i?b?$/i.exec(String(value));
  if (match !== null) {
    return Number(match[1]) * 1_024 ** " kmgt".indexOf(match[2]!.toLowerCase() || " ");
  }
  context.addIssue({ code: "custom", message: "expected a size such as 500MB or 8GB" });
  return z.NEVER;
});

const instrument = z.strictObject({
  name: text.max(200).exactOptional(),
  decimals: z.number().int().min(0).max(DECIMALS_MAX).exactOptional(),
  prev_close: z.number().exactOptional(),
  description: text.max(2_000).exactOptional(),
  shares: z.number().min(0).exactOptional(),
}).transform(({ prev_close, ...fields }): InstrumentFields =>
  prev_close === undefined ? fields : { ...fields, prevClose: prev_close }
);
export const instruments = z.record(z.string(), instrument).superRefine((given, context) => {
  for (const symbol of Object.keys(given)) {
    const message = symbolFault(symbol);
    if (message !== undefined) context.addIssue({ code: "custom", message, path: [symbol] });
  }
}).transform((given): ReadonlyMap<string, InstrumentFields> => new Map(Object.entries(given)));
