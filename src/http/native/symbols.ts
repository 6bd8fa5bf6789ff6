import { Hono } from "hono";
import {
  type Catalogue,
  type Instrument,
  type InstrumentFields,
  readInstrumentFields,
} from "../../core/instrument.ts";
import { symbolFault } from "../../core/tick.ts";
import { readBody } from "../body.ts";
import { checkGranted, grantOf, listingFor } from "../access/grants.ts";
import { Query } from "../query.ts";
import { HttpError } from "../http_error.ts";

export interface SymbolsOptions {
  readonly catalogue: Catalogue;
  /** Adds an instrument, or changes the given fields, and stores it. */
  define(symbol: string, fields: InstrumentFields): Promise<void>;
}

export const BODY_BYTES_MAX = 65_536;

/**
 * `GET /symbols?query=`: instruments with the text in their symbol or name. `GET` and `PUT
 * /symbols/:symbol`: one instrument; its symbol may contain slashes.
 */
export function symbolRoutes({ catalogue, define }: SymbolsOptions): Hono {
  const checked = (symbol: string) => {
    const fault = catalogue.has(symbol) ? undefined : symbolFault(symbol);
    if (fault === undefined) return symbol;
    const detail = `Cannot use symbol ${JSON.stringify(symbol.slice(0, 100))}: ${fault}`;
    throw new HttpError(400, "bad_symbol", detail);
  };
  return new Hono()
    .get("/symbols", (c) => {
      const query = Query.of(c);
      const found = listingFor(grantOf(c), catalogue).search(query.text("query") ?? "");
      return c.json(found.slice(0, query.limit()).map(publicInstrument));
    })
    .get("/symbols/:symbol{.+}", (c) => {
      const symbol = checked(c.req.param("symbol"));
      checkGranted(grantOf(c).read, symbol, "Cannot read");
      return c.json(publicInstrument(knownInstrument(catalogue, symbol)));
    })
    .put("/symbols/:symbol{.+}", async (c) => {
      const symbol = checked(c.req.param("symbol"));
      checkGranted(grantOf(c).write, symbol, "Cannot define");
      const fields = readFields(symbol, await readBody(c.req.raw, BODY_BYTES_MAX));
      await define(symbol, fields);
      return c.json(publicInstrument(catalogue.get(symbol)!));
    });
}

/** @throws {HttpError} for a symbol that nobody has sent or defined */
export function knownInstrument(catalogue: Catalogue, symbol: string): Instrument {
  const instrument = catalogue.get(symbol);
  if (instrument !== undefined) return instrument;
  const detail = `Cannot find symbol ${symbol}: nobody has sent or defined it`;
  throw new HttpError(404, "unknown_symbol", detail);
}

function readFields(symbol: string, bytes: Uint8Array): InstrumentFields {
  let written: unknown;
  try {
    written = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes));
  } catch (cause) {
    const detail = `Cannot define ${symbol}: the body is not JSON: ${(cause as Error).message}`;
    throw new HttpError(400, "bad_json", detail);
  }
  try {
    return readInstrumentFields(written);
  } catch (cause) {
    if (!(cause instanceof RangeError)) throw cause;
    throw new HttpError(400, "bad_instrument", `Cannot define ${symbol}: ${cause.message}`);
  }
}

function publicInstrument(instrument: Instrument): Record<string, unknown> {
  const { symbol, name, description, decimals, prevClose, shares } = instrument;
  return { symbol, name, description, decimals, prev_close: prevClose, shares };
}
