import type { Context } from "hono";
import type { Catalogue, Instrument } from "../../core/instrument.ts";
import type { Grant, Scope } from "../../hub/grant.ts";
import { HttpError } from "../http_error.ts";

declare module "hono" {
  interface ContextVariableMap {
    /** The client's rights; absent on routes without a key. */
    grant: Grant;
  }
}

/** @throws {TypeError} on a route without a key, which must not reveal symbols */
export function grantOf(c: Context): Grant {
  const grant = c.get("grant");
  if (grant === undefined) throw new TypeError(`Cannot answer ${c.req.path}: it has no grant`);
  return grant;
}

/** @param action the start of the message: `Cannot PUT` @throws {HttpError} for another symbol */
export function checkGranted(scope: Scope, symbol: string, action: string): void {
  if (scope.isAll || scope.has(symbol)) return;
  const shown = JSON.stringify(symbol.slice(0, 100));
  throw new HttpError(403, "not_allowed", `${action} ${shown}: the token does not allow it`);
}

/** For answers about the whole server. @throws {HttpError} unless all symbols are readable */
export function checkReadsAll(c: Context): void {
  if (grantOf(c).read.isAll) return;
  throw new HttpError(
    403,
    "not_allowed",
    `Cannot ${c.req.method} ${c.req.path}: it takes a token for all symbols`,
  );
}

/** For operators. @throws {HttpError} unless all symbols are readable and writable */
export function checkAll(c: Context): void {
  const { read, write } = grantOf(c);
  if (read.isAll && write.isAll) return;
  throw new HttpError(
    403,
    "not_allowed",
    `Cannot ${c.req.method} ${c.req.path}: it takes a token for everything`,
  );
}

/** The instruments that a client may see; the others seem not to exist. */
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
