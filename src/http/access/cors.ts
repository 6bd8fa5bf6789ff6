import type { MiddlewareHandler } from "hono";
import { cors } from "hono/cors";
import { hostOf, type Hosts } from "./hosts.ts";

/** Who may use the server from another page, beside the page's own origin. `*` is anybody. */
export class Origins {
  readonly #allowed: ReadonlySet<string>;
  readonly #hosts: Hosts;

  constructor(allowed: readonly string[], hosts: Hosts) {
    this.#allowed = new Set(allowed.map(asSent));
    this.#hosts = hosts;
  }

  /** Whether a request with this `Origin` is served; programs other than browsers send none. */
  allows(origin: string | null | undefined, host: string): boolean {
    if (!origin || this.#allowed.has("*") || this.#allowed.has(origin.toLowerCase())) return true;
    // Behind a proxy that ends TLS the scheme differs, so only the hosts are compared; some write the usual port.
    const page = URL.parse(origin);
    return page !== null && page.host !== "" && this.#hosts.has(host) &&
      page.host === URL.parse(`${page.protocol}//${host}`)?.host;
  }
}

/** An origin as browsers write it: without the usual port and the last slash. */
function asSent(origin: string): string {
  const known = URL.parse(origin)?.origin ?? "null";
  // Of schemes that are none of the web's no origin is known.
  return known === "null" ? origin.replace(/\/$/, "").toLowerCase() : known;
}

/**
 * https://fetch.spec.whatwg.org/#http-cors-protocol; preflights need no key.
 * @param check throws for a request that is not for this server: a preflight comes no further than here
 */
export function corsHeaders(
  origins: Origins,
  check: (request: Request) => void,
): MiddlewareHandler {
  const shared = cors({
    origin: (origin, c) => origins.allows(origin, hostOf(c.req.raw)) ? origin : null,
    allowMethods: ["GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS"],
    exposeHeaders: ["Tickwire-Position", "Tickwire-Next", "Link", "ETag"],
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
