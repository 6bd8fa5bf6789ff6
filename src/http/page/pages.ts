import { gzipSync } from "node:zlib";
import { Hono } from "hono";
import { ASSETS } from "./assets.ts";
import { withEtag } from "../etag.ts";

/** The page loads nothing from other servers, and contains no inline scripts or styles. */
function contentSecurityPolicy(ancestors: readonly string[]): string {
  return [
    "default-src 'none'",
    "script-src 'self'",
    "style-src 'self'",
    "img-src 'self' data:",
    "connect-src 'self' ws: wss:",
    "base-uri 'none'",
    "form-action 'none'",
    `frame-ancestors 'self' ${ancestors.join(" ")}`,
  ].join("; ");
}

/** The page, the chart page and their files. @param ancestors origins that may frame them */
export function pageRoutes(ancestors: readonly string[]): Hono {
  const router = new Hono();
  const policy = contentSecurityPolicy(ancestors);
  for (const [path, { type, text }] of Object.entries(ASSETS)) {
    let packed: Uint8Array<ArrayBuffer> | undefined;
    router.get(path, withEtag(), (c) => {
      // The browser asks each time; the answer is 304 until a new version is installed.
      c.header("Cache-Control", "no-cache");
      c.header("X-Content-Type-Options", "nosniff");
      if (type.startsWith("text/html")) c.header("Content-Security-Policy", policy);
      c.header("Content-Type", type);
      c.header("Vary", "Accept-Encoding");
      if (!/\bgzip\b/.test(c.req.header("Accept-Encoding") ?? "")) return c.body(text);
      // Packed once, so the answer has a length, and a browser notices when a part of it is missing.
      packed ??= new Uint8Array(gzipSync(text));
      c.header("Content-Encoding", "gzip");
      return c.body(packed);
    });
  }
  return router.get("/favicon.ico", (c) => c.body(null, 204));
}
