/** OpenBB Workspace: https://docs.openbb.co/workspace/developers/json-specs/widgets-json-reference */
import { Hono } from "hono";
import widgets from "../../widgets.json" with { type: "json" };
import type { Catalogue, Instrument } from "../core/instrument.ts";
import { tagged } from "./tagged.ts";

/** The grid shows so many symbols until the user chooses. */
const SYMBOLS_SHOWN = 5;

/** `GET /widgets.json`, and the options of its symbol parameters. */
export function widgetRoutes(catalogue: Catalogue): Hono {
  return new Hono()
    .get("/widgets.json", tagged(), (c) => c.json(fillIn(catalogue)))
    .get("/openbb/symbols", (c) => c.json(catalogue.all().map(option)));
}

function option({ symbol, name }: Instrument): { label: string; value: string } {
  return {
    label: name === null || name === symbol ? symbol : `${name} (${symbol})`,
    value: symbol,
  };
}

/** Puts the first instruments of this server where the checked-in file names those of the default market. */
function fillIn(catalogue: Catalogue): Record<string, unknown> {
  const symbols = [...catalogue.symbols()].slice(0, SYMBOLS_SHOWN);
  if (symbols.length === 0) return widgets;
  const filled = structuredClone(widgets);
  for (const { params } of Object.values(filled)) {
    for (const param of params) {
      if (param.paramName !== "symbol") continue;
      param.value = "multiSelect" in param ? symbols.join(",") : symbols[0]!;
    }
  }
  return filled;
}
