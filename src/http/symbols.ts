import { Hono } from "hono";
import type { Instrument } from "../core/instrument.ts";
import type { Market } from "../core/market.ts";
import { Query } from "./query.ts";

/** `GET /symbols?query=`: instruments whose symbol or name contains the text. */
export function symbolRoutes(market: Market): Hono {
  return new Hono().get("/symbols", (c) => {
    const query = new Query(c.req.url, 0);
    const found = market.catalogue.search(query.text("query") ?? "");
    return c.json(found.slice(0, query.limit()).map(publicInstrument));
  });
}

function publicInstrument(instrument: Instrument): Record<string, unknown> {
  const { symbol, name, description, decimals, prevClose, shares } = instrument;
  return { symbol, name, description, decimals, prev_close: prevClose, shares };
}
