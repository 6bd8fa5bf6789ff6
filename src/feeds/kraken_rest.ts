/** https://docs.kraken.com/api/docs/rest-api/get-recent-trades */
import { roundTime, type Trade } from "./numbered_trades.ts";

/** Trades in a full page; another page may follow. */
const PAGE = 1_000;
const PAGES_MAX = 50;
/** Kraken limits the rate of calls. */
const CALL_MS = 1_000;
const TIMEOUT_MS = 10_000;

export interface Fetching {
  /** Address of `Trades`. */
  readonly url: string;
  readonly signal: AbortSignal;
  sleep(ms: number): Promise<void>;
}

/** The address of the trades that belong to a WebSocket address. */
export function tradesUrl(socket: string): string {
  const url = new URL(socket);
  url.protocol = url.protocol === "wss:" ? "https:" : "http:";
  if (url.hostname === "ws.kraken.com") {
    url.hostname = "api.kraken.com";
    url.pathname = "/v2";
  }
  url.pathname = url.pathname.replace(/\/v2\/?$/, "/0/public/Trades");
  return url.href;
}

/**
 * The trades of a symbol since a time, inclusive.
 * @throws {Error} when the request fails, or for too many trades
 */
export async function fetchTrades(
  symbol: string,
  sinceMs: number,
  { url, signal, sleep }: Fetching,
): Promise<Trade[]> {
  const trades: Trade[] = [];
  // Nanoseconds, exclusive. A double cannot hold that many digits.
  let since = `${Math.floor(sinceMs * 1_000) - 1}000`;
  for (let page = 0; page < PAGES_MAX; page++) {
    if (page > 0) await sleep(CALL_MS);
    const asked = new URL(url);
    asked.search = String(new URLSearchParams({ pair: symbol, since, count: String(PAGE) }));
    const timeout = AbortSignal.timeout(TIMEOUT_MS);
    const response = await fetch(asked, { signal: AbortSignal.any([signal, timeout]) });
    const { rows, last } = readPage(await response.json());
    for (const row of rows) trades.push(row);
    if (rows.length < PAGE || last === since) return trades;
    since = last;
  }
  throw new Error(`there are more than ${PAGE * PAGES_MAX} of them`);
}

function readPage(answer: unknown): { rows: Trade[]; last: string } {
  const { error, result } = (answer ?? {}) as { error?: unknown; result?: unknown };
  if (Array.isArray(error) && error.length > 0) throw new Error(String(error[0]));
  if (typeof result !== "object" || result === null) throw new Error("the answer has no result");
  const { last, ...byPair } = result as Record<string, unknown>;
  const [rows] = Object.values(byPair);
  if (!Array.isArray(rows) || last === undefined) throw new Error("the answer has no trades");
  return { rows: rows.map(readRow), last: String(last) };
}

/** `["83930.30000", "0.00005100", 1790359840.9392912, "s", "l", "", 109118758]` */
function readRow(row: unknown): Trade {
  const [price, size, seconds, , , , id] = Array.isArray(row) ? row.map(Number) : [];
  const trade = { id: id!, time: roundTime(seconds! * 1_000), price: price!, size: size! };
  if (Object.values(trade).every((value) => Number.isFinite(value))) return trade;
  throw new Error(`${JSON.stringify(row)} is not a trade`);
}
