import type { Command, Wire } from "../hub/wire.ts";
import { commandFromQuery, native } from "./native.ts";
import { grid, isGridFrame } from "./openbb.ts";
import { list, listCommand, value, valueCommand } from "./plain.ts";

/** What a client of `/ws` speaks, as far as its address tells. */
export type Dialect =
  | { readonly wire: Wire; readonly begin: () => Command }
  | { readonly wire: (firstFrame: string) => Wire; readonly begin?: undefined };

/** Reads the query of `/ws`; a client that says nothing there shows what it is with its first frame. */
export function chooseDialect(query: URLSearchParams): Dialect {
  const format = query.get("format");
  if (format === "value") return { wire: value, begin: () => valueCommand(query) };
  if (format === "list") return { wire: list, begin: () => listCommand(query) };
  if (["symbol", "symbols", "channel", "format"].some((name) => query.has(name))) {
    return { wire: native, begin: () => commandFromQuery(query) };
  }
  return { wire: (firstFrame) => isGridFrame(firstFrame) ? grid : native };
}
