import { Hono } from "hono";
import type { Catalogue } from "../core/instrument.ts";
import type { Intake } from "../hub/intake.ts";
import { Selection } from "../hub/topic.ts";
import { formatPosition, parsePosition, type Tape } from "../tape/tape.ts";
import { TICK_COLUMNS } from "../wire/history.ts";
import { readTicks, type RecordFormat } from "../wire/records.ts";
import { historyFormat, historyResponse, type Turns } from "./history.ts";
import { Query } from "./query.ts";
import { Refusal } from "./refusal.ts";
import { tickPage } from "./tick_page.ts";

export interface TicksOptions {
  readonly tape: Tape;
  readonly catalogue: Catalogue;
  readonly bodyBytesMax: number;
  readonly turns: Turns;
  now(): number;
  /** Puts ticks on the tape, those of a key once. */
  readonly accept: Intake["accept"];
  /** Told of errors that are the server's own. */
  fault(error: unknown): void;
}

const KEY_LENGTH_MAX = 200;

const FORMATS: Readonly<Record<string, RecordFormat>> = {
  "application/json": "json",
  "application/x-ndjson": "ndjson",
  "text/csv": "csv",
};

/** `GET /ticks?symbol=&from=&to=&after=&limit=&format=` in tape order, and `POST /ticks`. */
export function tickRoutes(options: TicksOptions): Hono {
  const { tape, catalogue, accept, turns, now, fault } = options;
  return new Hono()
    .get("/ticks", async (c) => {
      const query = new Query(c.req.url, now());
      const format = historyFormat(c, query);
      const names = query.symbols();
      const symbols = names.length === 0
        ? undefined
        : namesOf(new Selection(names).resolve(catalogue));
      const range = {
        symbols,
        after: readAfter(query.text("after"), tape),
        from: query.time("from"),
        to: query.time("to"),
        limit: query.limit(),
      };
      c.header("Tickwire-Position", formatPosition(tape.epoch, tape.head));
      const page = await tickPage(tape, range, turns);
      // While the page was looked for, its begin may have gone.
      readAfter(query.text("after"), tape);
      const words = { symbol: [...symbols ?? catalogue.symbols()] };
      return historyResponse(c, format, { columns: TICK_COLUMNS, words, page, turns, fault });
    })
    .post("/ticks", async (c) => {
      const key = readKey(c.req.header("idempotency-key"));
      const format = readFormat(c.req.header("content-type"));
      const text = await readBody(c.req.raw, options.bodyBytesMax);
      return c.json(await accept(readTicks(text, format, now()), key));
    });
}

function namesOf({ symbols, unknown }: { symbols: string[]; unknown: string[] }): Set<string> {
  return new Set([...symbols, ...unknown]);
}

function readAfter(text: string | undefined, tape: Tape): number | undefined {
  if (text === undefined) return undefined;
  const position = parsePosition(text);
  if (position === undefined) {
    throw new Refusal(
      400,
      "bad_after",
      `Cannot use after ${JSON.stringify(text)}: it is no position`,
    );
  }
  if (position.epoch !== tape.epoch) {
    throw new Refusal(410, "gone", `Cannot read after ${text}: the epoch is now ${tape.epoch}`);
  }
  if (position.seq < tape.tail) {
    throw new Refusal(410, "gone", `Cannot read after ${text}: those ticks are no longer kept`);
  }
  return position.seq;
}

function readKey(key: string | undefined): string | undefined {
  if (key === undefined || key === "") return undefined;
  if (key.length <= KEY_LENGTH_MAX) return key;
  throw new Refusal(
    400,
    "bad_idempotency_key",
    `Cannot use an Idempotency-Key of more than ${KEY_LENGTH_MAX} characters`,
  );
}

function readFormat(contentType: string | undefined): RecordFormat {
  const type = contentType?.split(";")[0]?.trim().toLowerCase() ?? "";
  const format = Object.hasOwn(FORMATS, type) ? FORMATS[type] : undefined;
  if (format !== undefined) return format;
  throw new Refusal(
    415,
    "bad_content_type",
    `Cannot read ticks as ${type || "nothing"}: send ${Object.keys(FORMATS).join(", ")}`,
  );
}

/** Reads the body as UTF-8, no further than the limit. */
async function readBody(request: Request, bytesMax: number): Promise<string> {
  const tooLarge = new Refusal(
    413,
    "too_large",
    `Cannot take more than ${bytesMax} bytes in one request: send smaller batches`,
  );
  if (Number(request.headers.get("content-length") ?? 0) > bytesMax) throw tooLarge;
  const decoder = new TextDecoder("utf-8", { fatal: true });
  let text = "";
  let bytes = 0;
  try {
    for await (const chunk of request.body ?? []) {
      bytes += chunk.length;
      if (bytes > bytesMax) throw tooLarge;
      text += decoder.decode(chunk, { stream: true });
    }
    return text + decoder.decode();
  } catch (error) {
    if (!(error instanceof TypeError)) throw error;
    throw new Refusal(400, "bad_encoding", "Cannot read ticks: the body is not UTF-8");
  }
}
