import { createRequire } from "node:module";
import { resolve } from "node:path";
import { pathToFileURL } from "node:url";

/** The part of ccxt that the feed uses. */
export interface Exchange {
  readonly has: Readonly<Record<string, unknown>>;
  readonly markets?: Readonly<Record<string, unknown>>;
  /** The newest trades, by symbol. */
  readonly trades: Readonly<Record<string, readonly ExchangeTrade[] | undefined>>;
  loadMarkets(): Promise<unknown>;
  loadHttpProxyAgent(): Promise<unknown>;
  watchTrades(symbol: string): Promise<unknown>;
  watchTradesForSymbols(symbols: readonly string[]): Promise<unknown>;
  fetchTrades(symbol: string, since: number, limit: number): Promise<readonly ExchangeTrade[]>;
  close(): Promise<unknown>;
}

export interface ExchangeTrade {
  readonly id?: string | undefined;
  readonly symbol: string;
  readonly timestamp: number;
  readonly price: number;
  readonly amount: number | undefined;
}

export interface Ccxt {
  readonly version: string;
  readonly pro: Readonly<Record<string, (new (config: object) => Exchange) | undefined>>;
}

/** Loads ccxt. It is too large for the executable, so users install it beside it. */
export async function loadCcxt(): Promise<unknown> {
  // A variable keeps the bundler from including the package, and the compiler from loading its types.
  const name: string = "ccxt";
  try {
    return (await import(name)).default;
  } catch {
    const require = createRequire(pathToFileURL(resolve("package.json")));
    return (await import(pathToFileURL(require.resolve(name)).href)).default;
  }
}
