import type { Context } from "hono";
import { type Form, type Format, FormFault, readForm } from "../../records/form.ts";
import { FORM_OPTION_NAMES } from "../../records/form_options.ts";
import type { WholeRules } from "../../records/whole_batch.ts";
import type { RecordFormat } from "../../wire/records.ts";
import { grantOf } from "../access/grants.ts";
import { HttpError } from "../http_error.ts";
import type { Ingest } from "./ingest.ts";

const FORMATS: Readonly<Record<string, Format>> = {
  "application/json": "json",
  "application/x-ndjson": "ndjson",
  "text/csv": "csv",
  "application/vnd.apache.parquet": "parquet",
  "application/vnd.apache.arrow.stream": "arrow",
  "application/vnd.apache.arrow.file": "arrow",
};

/** How to read a body: in a plain format, or with a form, which may be detected. */
type Rules = { readonly format: RecordFormat } | Pick<WholeRules, "form" | "what">;

/** Plain formats need no form; options and columnar files do. @throws {HttpError} */
export function tickRules(contentType: string | undefined, options: URLSearchParams): Rules {
  const format = readFormat(contentType, "ticks");
  const isColumnar = format === "parquet" || format === "arrow";
  if (!isColumnar && !FORM_OPTION_NAMES.some((name) => options.has(name))) return { format };
  return { form: formOf(options, format, "ticks"), what: "ticks" };
}

/** Bars always have a form. @throws {HttpError} */
export function barRules(contentType: string | undefined, options: URLSearchParams): Rules {
  return { form: formOf(options, readFormat(contentType, "bars"), "bars"), what: "bars" };
}

/** Answers a request with a batch. @param rulesOf how to read its records @throws {HttpError} */
export async function answerBatch(
  c: Context,
  ingest: Ingest,
  rulesOf: typeof tickRules,
): Promise<Response> {
  const { accepted, position } = await ingest.takeBody(
    c.req.raw,
    c.req.header("idempotency-key"),
    rulesOf(c.req.header("content-type"), new URL(c.req.url).searchParams),
    grantOf(c).write,
  );
  return c.json({ accepted, position });
}

function formOf(options: URLSearchParams, format: Format, what: string): Form {
  try {
    const form = readForm((option) => options.get(option));
    return { ...form, format: form.format ?? format };
  } catch (cause) {
    if (!(cause instanceof FormFault)) throw cause;
    throw new HttpError(400, "bad_parameter", `Cannot read ${what}: ${cause.message}`);
  }
}

function readFormat(contentType: string | undefined, what: string): Format {
  const type = contentType?.split(";")[0]?.trim().toLowerCase() ?? "";
  const format = Object.hasOwn(FORMATS, type) ? FORMATS[type] : undefined;
  if (format !== undefined) return format;
  throw new HttpError(
    415,
    "bad_content_type",
    `Cannot read ${what} as ${type || "nothing"}: send ${Object.keys(FORMATS).join(", ")}`,
  );
}
