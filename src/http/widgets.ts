/** OpenBB Workspace: https://docs.openbb.co/workspace/developers/json-specs/widgets-json-reference */
import { Hono } from "hono";
import widgets from "../../widgets.json" with { type: "json" };
import type { Catalogue, Instrument } from "../core/instrument.ts";
import { tagged } from "./tagged.ts";

/** The grid shows so many symbols until the user chooses. */
const SYMBOLS_SHOWN = 5;

export interface WidgetsOptions {
  readonly catalogue: Catalogue;
  /** The key for the address of a WebSocket, to which the client that asks sends no headers. */
  keyOf(request: Request): string | undefined;
}

/** `GET /widgets.json`, and the options of its symbol parameters. */
export function widgetRoutes({ catalogue, keyOf }: WidgetsOptions): Hono {
  return new Hono()
    .get("/widgets.json", tagged(), (c) => {
      // With a key in it, it is not for everybody.
      c.header("Cache-Control", "private, no-cache");
      return c.json(fillIn(catalogue, keyOf(c.req.raw)));
    })
    .get("/openbb/symbols", (c) => c.json(catalogue.all().map(option)));
}

function option({ symbol, name }: Instrument): { label: string; value: string } {
  return {
    label: name === null || name === symbol ? symbol : `${name} (${symbol})`,
    value: symbol,
  };
}

/** Puts the first instruments of this server where the checked-in file names those of the default market. */
function fillIn(catalogue: Catalogue, key: string | undefined): Record<string, unknown> {
  const symbols = [...catalogue.symbols()].slice(0, SYMBOLS_SHOWN);
  const filled = structuredClone(widgets);
  for (const widget of Object.values(filled)) {
    if (key !== undefined && "wsEndpoint" in widget) {
      widget.wsEndpoint += `?key=${encodeURIComponent(key)}`;
    }
    for (const param of symbols.length === 0 ? [] : widget.params) {
      if (param.paramName !== "symbol") continue;
      param.value = "multiSelect" in param ? symbols.join(",") : symbols[0]!;
    }
  }
  return filled;
}
