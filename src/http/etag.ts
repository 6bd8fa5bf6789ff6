import type { MiddlewareHandler } from "hono";
import { etag, RETAINED_304_HEADERS } from "hono/etag";

/** Answers with an `ETag`, or 304 if the client has this version. A 304 keeps its CORS headers. */
export function withEtag(): MiddlewareHandler {
  const cors = ["access-control-allow-origin", "access-control-expose-headers"];
  return etag({ retainedHeaders: [...RETAINED_304_HEADERS, ...cors] });
}
