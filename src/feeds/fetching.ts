import { readText } from "../records/lines.ts";
import { SourceFault } from "./feed.ts";

export type Fetch = (url: string, init: RequestInit) => Promise<Response>;

/** The bytes of an answer. @throws {SourceFault} for more than `bytesMax` */
export async function* bytesOf({ body }: Response, bytesMax: number): AsyncGenerator<Uint8Array> {
  let bytes = 0;
  for await (const part of body ?? []) {
    bytes += part.length;
    if (bytes > bytesMax) throw new SourceFault(`The answer has more than ${bytesMax} bytes`);
    yield part;
  }
}

/** The text of an answer. @throws {SourceFault} as `bytesOf` */
export async function readWhole(response: Response, bytesMax: number): Promise<string> {
  let text = "";
  for await (const part of readText(bytesOf(response, bytesMax))) text += part;
  return text;
}

/** Why a URL could not be fetched, without the URL, which may contain a secret. */
export function reasonOf(error: unknown, url: string): string {
  // Some runtimes put the reason into the cause.
  const { message, cause } = error as Error;
  const reason = cause instanceof Error && cause.message !== "" ? cause.message : message;
  return reason.replaceAll(` for url (${url})`, "").replaceAll(url, "its URL");
}
