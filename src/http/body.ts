import { Refusal } from "./refusal.ts";

/** How a body may be packed: https://www.rfc-editor.org/rfc/rfc9110#name-content-encoding */
const ENCODINGS = ["identity", "gzip"];

/** The most bytes that a body will have, as far as its headers tell. @throws {Refusal} */
export function bodyBytes({ headers }: Request, bytesMax: number): number {
  const encoding = encodingOf(headers);
  if (!ENCODINGS.includes(encoding)) {
    const detail = `Cannot unpack a body in ${encoding}: send it as it is or in gzip`;
    throw new Refusal(415, "bad_content_encoding", detail);
  }
  const length = headers.get("content-length");
  if (Number(length ?? 0) > bytesMax) throw tooLarge(bytesMax);
  return length === null || encoding === "gzip" ? bytesMax : Number(length);
}

/** Reads a body, unpacked, no further than the limit. @throws {Refusal} */
export async function readBody(request: Request, bytesMax: number): Promise<Uint8Array> {
  const { headers, body } = request;
  const packed = encodingOf(headers) === "gzip";
  if (body === null) return new Uint8Array();
  try {
    if (packed) {
      return await readStream(body.pipeThrough(new DecompressionStream("gzip")), bytesMax);
    }
    if (!headers.has("content-length")) return await readStream(body, bytesMax);
    const bytes = new Uint8Array(await request.arrayBuffer());
    if (bytes.length <= bytesMax) return bytes;
  } catch (cause) {
    if (cause instanceof Refusal) throw cause;
    throw packed
      ? new Refusal(400, "bad_encoding", "Cannot unpack the body: it is not gzip")
      : new Refusal(400, "bad_body", "Cannot read the body: it broke off");
  }
  throw tooLarge(bytesMax);
}

async function readStream(
  stream: ReadableStream<Uint8Array>,
  bytesMax: number,
): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  let length = 0;
  for await (const chunk of stream) {
    length += chunk.length;
    if (length > bytesMax) throw tooLarge(bytesMax);
    chunks.push(chunk);
  }
  const bytes = new Uint8Array(length);
  let at = 0;
  for (const chunk of chunks) {
    bytes.set(chunk, at);
    at += chunk.length;
  }
  return bytes;
}

function encodingOf(headers: Headers): string {
  return headers.get("content-encoding")?.trim().toLowerCase() || "identity";
}

function tooLarge(bytesMax: number): Refusal {
  const detail = `Cannot take more than ${bytesMax} bytes in one request: send smaller batches`;
  return new Refusal(413, "too_large", detail);
}
