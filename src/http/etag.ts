import type { MiddlewareHandler } from "hono";
import { etag, RETAINED_304_HEADERS } from "hono/etag";

/** Answers with an `ETag`, and with 304 when the client has it; pages of other origins may read both. */
export function withEtag(): MiddlewareHandler {
  const cors = ["access-control-allow-origin", "access-control-expose-headers"];
  return etag({ retainedHeaders: [...RETAINED_304_HEADERS, ...cors] });
}
