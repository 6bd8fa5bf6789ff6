import type { Context } from "hono";
import type { Catalogue, Instrument } from "../../core/instrument.ts";
import type { Grant, Scope } from "../../hub/grant.ts";
import { HttpError } from "../http_error.ts";

declare module "hono" {
  interface ContextVariableMap {
    /** What the sender of the request may do; absent at routes that are open to everybody. */
    grant: Grant;
  }
}

/** @throws {TypeError} at a route that everybody may ask, which must not tell of symbols */
export function grantOf(c: Context): Grant {
  const grant = c.get("grant");
  if (grant === undefined) throw new TypeError(`Cannot answer ${c.req.path}: it has no grant`);
  return grant;
}

/** @param action the begin of a sentence: `Cannot PUT`. @throws {HttpError} for a symbol that is not granted */
export function checkGranted(scope: Scope, symbol: string, action: string): void {
  if (scope.isAll || scope.has(symbol)) return;
  const shown = JSON.stringify(symbol.slice(0, 100));
  throw new HttpError(403, "not_allowed", `${action} ${shown}: the token does not allow it`);
}

/** @throws {HttpError} unless all symbols may be read: for what tells of the server as a whole */
export function checkReadsAll(c: Context): void {
  if (grantOf(c).read.isAll) return;
  throw new HttpError(
    403,
    "not_allowed",
    `Cannot GET ${c.req.path}: it takes a token for all symbols`,
  );
}

/** @throws {HttpError} unless everything may be read and written: for what is the operator's */
export function checkAll(c: Context): void {
  const { read, write } = grantOf(c);
  if (read.isAll && write.isAll) return;
  throw new HttpError(
    403,
    "not_allowed",
    `Cannot GET ${c.req.path}: it takes a token for everything`,
  );
}

/** The instruments that somebody may see; the others are as if they were not there. */
export interface Listing extends Pick<Catalogue, "get" | "has" | "all" | "search"> {
  symbols(): Iterable<string>;
}

export function listingFor({ read }: Grant, catalogue: Catalogue): Listing {
  if (read.isAll) return catalogue;
  const seen = ({ symbol }: Instrument) => read.has(symbol);
  return {
    get: (symbol) => read.has(symbol) ? catalogue.get(symbol) : undefined,
    has: (symbol) => read.has(symbol) && catalogue.has(symbol),
    symbols: () => [...catalogue.symbols()].filter((symbol) => read.has(symbol)),
    all: () => catalogue.all().filter(seen),
    search: (text) => catalogue.search(text).filter(seen),
  };
}
