import { SourceFault } from "./feed.ts";
import { readText } from "./lines.ts";

export type Fetch = (url: string, init: RequestInit) => Promise<Response>;

/** The text of an answer. @throws {SourceFault} when it is longer than it may be */
export async function readWhole({ body }: Response, lengthMax: number): Promise<string> {
  let text = "";
  if (body === null) return text;
  for await (const part of readText(body)) {
    text += part;
    if (text.length > lengthMax) {
      throw new SourceFault(`The answer is longer than ${lengthMax} characters`);
    }
  }
  return text;
}

/** Why a URL could not be fetched, without the URL: in it there may be a secret. */
export function reasonOf(error: unknown, url: string): string {
  // Some runtimes say with the cause of the error what it was.
  const { message, cause } = error as Error;
  const reason = cause instanceof Error && cause.message !== "" ? cause.message : message;
  return reason.replaceAll(` for url (${url})`, "").replaceAll(url, "its URL");
}
