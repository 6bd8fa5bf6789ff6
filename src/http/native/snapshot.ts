import { Hono } from "hono";
import type { Market } from "../../core/market.ts";
import { grantOf, listingFor } from "../access/grants.ts";
import { Query } from "../query.ts";

export interface SnapshotOptions {
  readonly market: Market;
  /** Position of the newest tick. */
  position(): string;
}

/** `GET /snapshot?symbol=A,B/*`: board rows; all rows if the request names no symbol. */
export function snapshotRoutes({ market, position }: SnapshotOptions): Hono {
  return new Hono().get("/snapshot", (c) => {
    const names = Query.of(c).symbols(market.catalogue);
    const known = [...listingFor(grantOf(c), market.catalogue).symbols()];
    const symbols = new Set(
      (names.length === 0 ? ["*"] : names).flatMap((name) =>
        name.endsWith("*") ? known.filter((symbol) => symbol.startsWith(name.slice(0, -1))) : [name]
      ),
    );
    c.header("Tickwire-Position", position());
    return c.json([...symbols].map((symbol) => market.board.row(symbol)));
  });
}
