/** OpenBB Workspace: https://docs.openbb.co/workspace/developers/json-specs/widgets-json-reference */
import { type Context, Hono } from "hono";
import widgets from "../../../widgets.json" with { type: "json" };
import type { Catalogue } from "../../core/instrument.ts";
import type { Grant } from "../../hub/grant.ts";
import apps from "../apps.json" with { type: "json" };
import { grantOf, listingFor } from "../access/grants.ts";
import { withEtag } from "../etag.ts";

export interface WidgetsOptions {
  readonly catalogue: Catalogue;
  /** The server's URL for browsers, without a slash at the end. */
  readonly publicUrl?: string | undefined;
  /** The read key of a request. A grid opens its WebSocket without headers, only with this URL. */
  readonly keyOf: (request: Request, grant: Grant) => string | undefined;
}

/** Number of symbols in the grid until the user chooses. */
const SYMBOLS_SHOWN = 5;
/** A parameter with these options is a symbol. */
const SYMBOLS_ENDPOINT = "openbb/symbols";

/** `GET /widgets.json` and `/apps.json`: the widgets, and a dashboard with them. */
export function widgetRoutes({ catalogue, publicUrl, keyOf }: WidgetsOptions): Hono {
  const shown = (c: Context) =>
    [...listingFor(grantOf(c), catalogue).symbols()].slice(0, SYMBOLS_SHOWN);
  return new Hono()
    .get("/widgets.json", withEtag(), (c) => {
      // The answer may contain a key, so shared caches must not store it.
      c.header("Cache-Control", "private, no-cache");
      return c.json(fillInWidgets(shown(c), publicUrl, keyOf(c.req.raw, grantOf(c))));
    })
    .get("/apps.json", withEtag(), (c) => c.json(fillInApps(shown(c))));
}

/** Replaces the examples in the file by this server's symbols, URL and key. */
function fillInWidgets(
  symbols: readonly string[],
  publicUrl: string | undefined,
  key: string | undefined,
): typeof widgets {
  const filled = structuredClone(widgets);
  for (const widget of Object.values(filled)) {
    for (const param of widget.params) {
      if (!("optionsEndpoint" in param) || param.optionsEndpoint !== SYMBOLS_ENDPOINT) continue;
      if (symbols.length === 0) continue;
      param.value = "multiSelect" in param ? symbols.join(",") : symbols[0]!;
    }
    if ("wsEndpoint" in widget && key !== undefined) {
      widget.wsEndpoint += `?key=${encodeURIComponent(key)}`;
    }
    if (widget.type === "iframe" && publicUrl !== undefined) {
      widget.endpoint = `${publicUrl}/${widget.endpoint}`;
    }
    if ("data" in widget && "defaultSymbol" in widget.data && symbols.length > 0) {
      widget.data.defaultSymbol = symbols[0]!;
    }
  }
  return filled;
}

function fillInApps([symbol]: readonly string[]): typeof apps {
  if (symbol === undefined) return apps;
  return apps.map((app) => ({
    ...app,
    groups: app.groups.map((group) => ({ ...group, defaultValue: symbol })),
  }));
}
