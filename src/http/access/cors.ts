import type { MiddlewareHandler } from "hono";
import { cors } from "hono/cors";
import { hostOf, type Hosts } from "./hosts.ts";

/** Headers of answers that the scripts of other pages may read. */
const EXPOSED = [
  ...["Tickwire-Position", "Tickwire-Next", "Tickwire-Accepted", "Tickwire-Skipped"],
  ...["Tickwire-Bytes", "Link", "ETag", "Retry-After"],
];

/** Origins of other pages that may use the server, besides its own. `*` allows all. */
export class Origins {
  readonly #allowed: ReadonlySet<string>;
  readonly #hosts: Hosts;

  constructor(allowed: readonly string[], hosts: Hosts) {
    this.#allowed = new Set(allowed.map(asSent));
    this.#hosts = hosts;
  }

  /** Whether the server answers this `Origin`. Programs other than browsers send none. */
  allows(origin: string | null | undefined, host: string): boolean {
    if (!origin || this.#allowed.has("*") || this.#allowed.has(origin.toLowerCase())) return true;
    // A TLS proxy changes the scheme, so only the hosts are compared. The default port is optional.
    const page = URL.parse(origin);
    return page !== null && page.host !== "" && this.#hosts.has(host) &&
      page.host === URL.parse(`${page.protocol}//${host}`)?.host;
  }
}

/** An origin in the form that browsers send: without the default port and a slash at the end. */
function asSent(origin: string): string {
  const known = URL.parse(origin)?.origin ?? "null";
  // `URL` knows no origin for schemes such as chrome-extension.
  return known === "null" ? origin.replace(/\/$/, "").toLowerCase() : known;
}

/**
 * https://fetch.spec.whatwg.org/#http-cors-protocol; preflights need no key.
 * @param check throws for a request to another server; this is the only check of a preflight
 */
export function corsHeaders(
  origins: Origins,
  check: (request: Request) => void,
): MiddlewareHandler {
  const shared = cors({
    origin: (origin, c) => origins.allows(origin, hostOf(c.req.raw)) ? origin : null,
    allowMethods: ["GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS"],
    exposeHeaders: EXPOSED,
    maxAge: 600,
  });
  return (c, next) => {
    if (c.req.method === "OPTIONS") check(c.req.raw);
    if (c.req.header("access-control-request-private-network") === "true") {
      c.header("Access-Control-Allow-Private-Network", "true");
    }
    return shared(c, next);
  };
}
