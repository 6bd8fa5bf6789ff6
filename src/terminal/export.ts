import { type Meter, meterLine } from "./meter.ts";
import { CommandError, Server, type ServerOptions } from "./server.ts";
import type { Terminal } from "./terminal.ts";

export const EXPORT_FORMATS = ["csv", "ndjson", "json", "arrow", "parquet"] as const;

export interface ExportOptions extends ServerOptions {
  /** Names and prefixes with commas; undefined means all. */
  readonly symbol?: string | undefined;
  readonly from?: string | undefined;
  readonly to?: string | undefined;
  readonly limit?: number | undefined;
  readonly format: typeof EXPORT_FORMATS[number];
  /** Bars of this interval instead of ticks. */
  readonly interval?: string | undefined;
}

/** Most rows in one answer. */
const PAGE_ROWS_MAX = 10_000_000;
const PROGRESS_MS = 200;
const LINE_FEED = 10;

/** `tickwire export`: writes history to standard output. */
export async function exportHistory(terminal: Terminal, options: ExportOptions): Promise<void> {
  const { format, limit } = options;
  if ((format === "arrow" || format === "parquet") && terminal.isScreen) {
    throw new CommandError(
      `Cannot write ${format} to a screen: redirect it, as in > ticks.${format}`,
    );
  }
  const server = new Server(options);
  const isText = format === "csv" || format === "ndjson";
  const what = !isText ? undefined : options.interval === undefined ? "ticks" : "bars";
  const startedAt = terminal.now();
  const meter: Meter = { startedAt, what, count: 0, bytes: 0, bytesAll: undefined };
  let next: string | undefined = firstPage(options);
  for (let page = 0; next !== undefined; page++) {
    const response: Response = await server.request(next, { signal: terminal.interrupted });
    next = limit === undefined ? nextPage(response) : undefined;
    if (next !== undefined && !isText) {
      throw new CommandError(
        `Cannot export more than ${PAGE_ROWS_MAX} rows as ${format}: use csv or ndjson, or a shorter span`,
      );
    }
    // The header line is not a row.
    if (format === "csv" && page === 0) meter.count--;
    await copy(terminal, response, meter, format === "csv" && page > 0);
  }
  terminal.progress("");
  terminal.complain(meterLine(meter, terminal.now(), Infinity));
}

function firstPage({ symbol, from, to, limit, format, interval }: ExportOptions): string {
  // With `from` the server sends the first rows and a link to the next page.
  const query = new URLSearchParams({ format, from: from ?? "0" });
  if (symbol !== undefined) query.set("symbol", symbol);
  if (to !== undefined) query.set("to", to);
  query.set("limit", String(limit ?? PAGE_ROWS_MAX));
  if (interval !== undefined) query.set("interval", interval);
  return `${interval === undefined ? "ticks" : "bars"}?${query}`;
}

/** The address of the next page. */
function nextPage(response: Response): string | undefined {
  const link = /<([^>]+)>;\s*rel="next"/.exec(response.headers.get("link") ?? "")?.[1];
  return link === undefined ? undefined : new URL(link, response.url).href;
}

/** @param hasHeader whether to leave out the first line */
async function copy(
  terminal: Terminal,
  { body }: Response,
  meter: Meter,
  hasHeader: boolean,
): Promise<void> {
  let skipping = hasHeader;
  let shownAt = -Infinity;
  try {
    for await (const chunk of body ?? []) {
      let bytes = chunk;
      if (skipping) {
        const end = bytes.indexOf(LINE_FEED);
        if (end < 0) continue;
        bytes = bytes.subarray(end + 1);
        skipping = false;
      }
      await terminal.write(bytes);
      meter.bytes += bytes.length;
      if (meter.what !== undefined) meter.count += linesIn(bytes);
      const now = terminal.now();
      if (now - shownAt < PROGRESS_MS) continue;
      shownAt = now;
      terminal.progress(meterLine(meter, now, terminal.size().columns));
    }
  } catch (cause) {
    terminal.progress("");
    if (terminal.interrupted.aborted) throw new CommandError("Interrupted", { cause });
    const { code } = cause as { code?: string };
    if (code === "EPIPE") throw new CommandError("The reader has closed the output", { cause });
    throw new CommandError(`The answer broke off after ${meter.bytes} bytes`, { cause });
  }
}

function linesIn(bytes: Uint8Array): number {
  let count = 0;
  for (let at = bytes.indexOf(LINE_FEED); at >= 0; at = bytes.indexOf(LINE_FEED, at + 1)) count++;
  return count;
}
