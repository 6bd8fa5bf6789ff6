/** Kraken's names of instruments: https://docs.kraken.com/api/docs/rest-api/get-tradable-asset-pairs */
import { type Catalogue, DECIMALS_MIN } from "../core/instrument.ts";
import type { Reach } from "../hub/topic.ts";

/** A symbol of two asset codes, such as BTC/USD, with its other names. */
export interface Pair {
  readonly symbol: string;
  /** Number from 0, in the order in which symbols became known. */
  readonly number: number;
  /** The name in version 1 of the WebSocket API and in `AssetPairs`: XBT/USD. */
  readonly wsname: string;
  readonly altname: string;
  readonly key: string;
  readonly base: Asset;
  readonly quote: Asset;
}

export interface Asset {
  /** The code in a symbol: BTC. */
  readonly code: string;
  readonly altname: string;
  readonly id: string;
}

const OLD_CODES: Readonly<Record<string, string>> = { BTC: "XBT", DOGE: "XDG" };
const CRYPTO = new Set(["XBT", "ETH", "LTC", "XRP", "XLM", "XMR", "ZEC", "ETC", "XDG"]);
const MONEY = new Set(["USD", "EUR", "GBP", "CAD", "JPY", "AUD"]);
/** The only pair of two prefixed assets with a key without prefixes. */
const PLAIN_KEY = "XDGUSD";

/** The pairs that a client may see. */
export type PairList = Pick<Pairs, "all" | "ofSymbol" | "ofName">;

/** The pairs among the instruments of a catalogue. Any of their names finds them. */
export class Pairs {
  readonly #catalogue: Catalogue;
  readonly #bySymbol = new Map<string, Pair>();
  readonly #byName = new Map<string, Pair>();
  readonly #byNumber = new Map<number, Pair>();
  /** The symbols that `#look` has read, and the catalogue's `added` at that time. */
  readonly #seen = new Set<string>();
  #added = 0;

  constructor(catalogue: Catalogue) {
    this.#catalogue = catalogue;
  }

  /** All pairs in the order in which they became known. */
  all(): Pair[] {
    this.#look();
    return [...this.#bySymbol.values()].filter(({ symbol }) => this.#catalogue.has(symbol));
  }

  ofSymbol(symbol: string): Pair | undefined {
    this.#look();
    return this.#bySymbol.get(symbol);
  }

  /** Finds a pair by key, `altname`, `wsname` or symbol. */
  ofName(name: string): Pair | undefined {
    const pair = this.ofSymbol(name) ?? this.#byName.get(name);
    return pair !== undefined && this.#catalogue.has(pair.symbol) ? pair : undefined;
  }

  ofNumber(number: number): Pair | undefined {
    this.#look();
    return this.#byNumber.get(number);
  }

  /** Limits the list to the symbols that a client may see. */
  within(reach: Reach): PairList {
    if (reach.isAll) return this;
    const seen = (pair: Pair | undefined) => pair && reach.has(pair.symbol) ? pair : undefined;
    return {
      all: () => this.all().filter(({ symbol }) => reach.has(symbol)),
      ofSymbol: (symbol) => seen(this.ofSymbol(symbol)),
      ofName: (name) => seen(this.ofName(name)),
    };
  }

  /** Number of decimals of the pair's prices. */
  decimalsOf({ symbol }: Pair): number {
    return this.#catalogue.get(symbol)?.decimals ?? DECIMALS_MIN;
  }

  /** Reads new symbols. A removed pair keeps its number, because clients may know the number. */
  #look(): void {
    if (this.#added === this.#catalogue.added) return;
    this.#added = this.#catalogue.added;
    for (const symbol of this.#catalogue.symbols()) {
      if (this.#seen.has(symbol)) continue;
      const pair = readPair(symbol, this.#seen.size);
      this.#seen.add(symbol);
      if (pair === undefined) continue;
      this.#bySymbol.set(symbol, pair);
      this.#byNumber.set(pair.number, pair);
      // If two pairs share a name, the older one keeps it.
      for (const name of [pair.wsname, pair.altname, pair.key]) {
        if (!this.#byName.has(name)) this.#byName.set(name, pair);
      }
    }
  }
}

/** A pair is a symbol with one slash and text on both sides. */
function readPair(symbol: string, number: number): Pair | undefined {
  const [base, quote, more] = symbol.split("/").map(readAsset);
  if (!base?.code || !quote?.code || more !== undefined) return undefined;
  const wsname = `${base.altname}/${quote.altname}`;
  const altname = base.altname + quote.altname;
  const prefixed = base.id !== base.altname && quote.id !== quote.altname;
  const key = prefixed && altname !== PLAIN_KEY ? base.id + quote.id : altname;
  return { symbol, number, wsname, altname, key, base, quote };
}

function readAsset(code: string): Asset {
  const altname = (Object.hasOwn(OLD_CODES, code) ? OLD_CODES[code] : undefined) ?? code;
  const prefix = CRYPTO.has(altname) ? "X" : MONEY.has(altname) ? "Z" : "";
  return { code, altname, id: prefix + altname };
}

/** Whether an asset is a currency, which has fewer decimals. */
export function isMoney({ altname }: Asset): boolean {
  return MONEY.has(altname);
}
