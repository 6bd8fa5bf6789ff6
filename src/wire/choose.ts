import type { Command, Wire } from "../hub/wire.ts";
import { commandFromQuery, native } from "./native.ts";
import { grid, isGridFrame } from "./openbb.ts";
import { list, listCommand, value, valueCommand } from "./plain.ts";

/** The protocol of a client of `/ws`, as far as its URL tells. */
export type Dialect =
  | { readonly wire: Wire; readonly begin: () => Command }
  | { readonly wire: (firstFrame: string) => Wire; readonly begin?: undefined };

/** Reads the query of `/ws`. Without a query the first frame of the client decides. */
export function chooseDialect(query: URLSearchParams): Dialect {
  const format = query.get("format");
  if (format === "value") return { wire: value, begin: () => valueCommand(query) };
  if (format === "list") return { wire: list, begin: () => listCommand(query) };
  if (["symbol", "symbols", "channel", "format"].some((name) => query.has(name))) {
    return { wire: native, begin: () => commandFromQuery(query) };
  }
  return { wire: (firstFrame) => isGridFrame(firstFrame) ? grid : native };
}
