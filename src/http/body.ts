import { HttpError } from "./http_error.ts";

/** Supported encodings of a body: https://www.rfc-editor.org/rfc/rfc9110#name-content-encoding */
const ENCODINGS = ["identity", "gzip"];

/** Upper bound of the body's unpacked size in bytes, from the headers. @throws {HttpError} */
export function bodyBytes({ headers }: Request, bytesMax: number): number {
  const encoding = encodingOf(headers);
  if (!ENCODINGS.includes(encoding)) {
    const detail = `Cannot unpack a body in ${encoding}: send it as it is or in gzip`;
    throw new HttpError(415, "bad_content_encoding", detail);
  }
  const length = headers.get("content-length");
  if (Number(length ?? 0) > bytesMax) throw tooLarge(bytesMax);
  return length === null || encoding === "gzip" ? bytesMax : Number(length);
}

/** Reads and unpacks a body of at most `bytesMax` bytes. @throws {HttpError} */
export async function readBody(request: Request, bytesMax: number): Promise<Uint8Array> {
  bodyBytes(request, bytesMax);
  const packed = encodingOf(request.headers) === "gzip";
  try {
    return await read(request, packed, bytesMax);
  } catch (cause) {
    if (cause instanceof HttpError) throw cause;
    if (packed) {
      throw new HttpError(
        400,
        "bad_encoding",
        "Cannot unpack the body: it is not gzip, or broke off",
      );
    }
    // Each runtime reports a lost connection with another error.
    throw new HttpError(400, "broken_off", "Cannot read the body: it broke off");
  }
}

async function read(request: Request, packed: boolean, bytesMax: number): Promise<Uint8Array> {
  const { body } = request;
  if (body === null) return new Uint8Array();
  if (!packed && request.headers.has("content-length")) {
    const bytes = new Uint8Array(await request.arrayBuffer());
    if (bytes.length > bytesMax) throw tooLarge(bytesMax);
    return bytes;
  }
  const stream = packed ? body.pipeThrough(new DecompressionStream("gzip")) : body;
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

function tooLarge(bytesMax: number): HttpError {
  const detail = `Cannot take more than ${bytesMax} bytes in one request: send less at once`;
  return new HttpError(413, "too_large", detail);
}
