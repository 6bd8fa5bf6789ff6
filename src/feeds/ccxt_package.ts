import { createRequire } from "node:module";
import { resolve } from "node:path";
import { pathToFileURL } from "node:url";

/** As much of ccxt as is needed. */
export interface Exchange {
  readonly has: Readonly<Record<string, unknown>>;
  readonly markets?: Readonly<Record<string, unknown>>;
  /** The newest trades that were told, by symbol. */
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

/** It is far too large to be part of the executable, beside which it may be installed. */
export async function loadCcxt(): Promise<unknown> {
  // The build leaves out what has this name; types would say the same of any package.
  const name: string = "ccxt";
  try {
    return (await import(name)).default;
  } catch {
    const require = createRequire(pathToFileURL(resolve("package.json")));
    return (await import(pathToFileURL(require.resolve(name)).href)).default;
  }
}
