import { Buffer } from "node:buffer";
import clientJs from "../../static/client.js" with { type: "text" };
import framesJs from "../../static/frames.js" with { type: "text" };
import refusalJs from "../../static/refusal.js" with { type: "text" };
import streamsJs from "../../static/streams.js" with { type: "text" };

export type { Client, ClientOptions, State } from "../../static/client.js";
export type {
  Correction as UpstreamCorrection,
  Reply,
  Row,
  Stream,
  StreamRequest,
} from "../../static/frames.js";

type ClientModule = typeof import("../../static/client.js");

/**
 * Loads the JavaScript client that the server offers. A bundler includes a file as text or as a module, but
 * not as both. The page needs the text, so this makes a module from the text.
 */
export function loadClient(): Promise<ClientModule> {
  const frames = urlOf(framesJs);
  const streams = urlOf(streamsJs, ["./frames.js", frames]);
  const refusal = urlOf(refusalJs);
  return import(urlOf(clientJs, ["./streams.js", streams], ["./refusal.js", refusal]));
}

/** @param imports imported names, and the URL of each */
function urlOf(module: unknown, ...imports: readonly [name: string, url: string][]): string {
  let text = module as string;
  for (const [name, url] of imports) text = text.replaceAll(`from "${name}"`, `from "${url}"`);
  // Use base64: Bun finds no exports in percent-encoded text.
  return `data:text/javascript;base64,${Buffer.from(text).toString("base64")}`;
}
