/**
 * The live grid of OpenBB Workspace: `{"params": {"symbol": …}}` in, arrays of full board rows out.
 * https://docs.openbb.co/workspace/developers/widget-types/live-grid
 */
import { emptyRow, type Row } from "../core/board.ts";
import { patternFault, Selection } from "../hub/topic.ts";
import type { Format, Wire } from "../hub/wire.ts";
import { splitList } from "./native.ts";

/**
 * The grid applies an update about 50 ms after it arrives, to a copy of the row from before. If two messages
 * for one row arrive within that time, the first is lost.
 */
const EVERY_MS = 100;

const gridFormat: Format = {
  name: "grid",
  whole: false,
  columns: () => undefined,
  fragment: (_channel, item) => JSON.stringify(item),
  frame: ({ fragments }) => [`[${fragments.map(({ text }) => text).join(",")}]`],
  announce: () => undefined,
};

/** Whether the first frame of a client comes from a live grid. */
export function isGridFrame(text: string): boolean {
  const frame = parseObject(text);
  return frame !== undefined && ("params" in frame || frame["type"] === "params");
}

export const grid: Wire = {
  // The grid does not show errors, so ignore frames that cannot be read.
  decode(text) {
    const frame = parseObject(text);
    if (frame === undefined || !("params" in frame || frame["type"] === "params")) return [];
    const symbols = readSymbols(frame["params"] ?? {});
    if (symbols === undefined) return [];
    return [{
      kind: "replace",
      subscription: {
        selection: new Selection(symbols),
        channel: { kind: "quote" },
        mode: "latest",
        every: EVERY_MS,
        format: gridFormat,
      },
    }];
  },

  encode(message) {
    if (message.kind !== "subscribed") return undefined;
    const rows = message.snapshot as readonly Row[];
    return JSON.stringify([...rows, ...message.unknown.map((symbol) => emptyRow(symbol))]);
  },
};

function parseObject(text: string): Readonly<Record<string, unknown>> | undefined {
  try {
    const frame: unknown = JSON.parse(text);
    return typeof frame === "object" && frame !== null
      ? frame as Record<string, unknown>
      : undefined;
  } catch {
    return undefined;
  }
}

/** `["*"]` for a missing, null or empty parameter; `undefined` if no name in it is valid. */
function readSymbols(params: unknown): string[] | undefined {
  if (typeof params !== "object" || params === null) return undefined;
  const { symbol, symbols } = params as { symbol?: unknown; symbols?: unknown };
  const asked = symbol ?? symbols ?? "";
  const names = (Array.isArray(asked) ? asked : [asked]).flatMap((name) => {
    if (name === null) return [];
    return typeof name === "string" || typeof name === "number" ? splitList(String(name)) : ["?"];
  });
  if (names.length === 0) return ["*"];
  const readable = names.filter((name) => patternFault(name) === undefined);
  return readable.length > 0 ? readable : undefined;
}
