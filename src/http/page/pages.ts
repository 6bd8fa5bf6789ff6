import { createHash } from "node:crypto";
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
    let plain: Form | undefined, packed: Form | undefined;
    router.get(path, withEtag(), (c) => {
      const isPacked = takesGzip(c.req.header("Accept-Encoding"));
      const { body, tag } = isPacked
        ? packed ??= formOf(gzipSync(text))
        : plain ??= formOf(new TextEncoder().encode(text));
      // The browser asks each time; the answer is 304 until a new version is installed.
      c.header("Cache-Control", "no-cache");
      c.header("ETag", tag);
      c.header("X-Content-Type-Options", "nosniff");
      if (type.startsWith("text/html")) c.header("Content-Security-Policy", policy);
      c.header("Content-Type", type);
      c.header("Vary", "Accept-Encoding");
      if (isPacked) c.header("Content-Encoding", "gzip");
      return c.body(body);
    });
  }
  return router.get("/favicon.ico", (c) => c.body(null, 204));
}

/** A file as it is sent. It is made once, so the answer has a length. */
interface Form {
  readonly body: Uint8Array<ArrayBuffer>;
  /** For the header `ETag`. */
  readonly tag: string;
}

function formOf(bytes: Uint8Array): Form {
  const hash = createHash("sha256").update(bytes).digest("base64url");
  return { body: new Uint8Array(bytes), tag: `"${hash}"` };
}

function takesGzip(acceptEncoding = ""): boolean {
  return /\bgzip\b(?!\s*;\s*q=0(?:\.0*)?\s*(?:,|$))/i.test(acceptEncoding);
}
