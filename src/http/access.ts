import type { MiddlewareHandler } from "hono";
import { hostnameOf } from "../runtime/listener.ts";
import type { Origins } from "./cors.ts";
import { hostOf, type Hosts } from "./hosts.ts";
import type { Keys, Need } from "./keys.ts";
import { Refusal } from "./refusal.ts";

// What a request needs. What is not named here needs the read key, so that a new route is protected.

/** They tell clients how to send a key, and nothing of what the server holds. */
const CONTRACTS = ["/openapi.json", "/asyncapi.json"];
/** Routes that need no key: the page, which asks for one, the sign of life and the contracts. */
const OPEN = ["/", "/chart", "/static/*", "/favicon.ico", "/healthz", ...CONTRACTS];
/** Requests that read although their method is none of reading. */
const READING_POSTS = ["/kraken/0/public/*"];
/** WebSockets through which a client writes. */
const WRITING_SOCKETS = ["/ticks", "/rooms/*"];

const READING_METHODS = ["GET", "HEAD", "OPTIONS"];
/** A balancer asks under whatever name it has for the machine. */
const OF_ANY_HOST = "/healthz";
const WARNED_MAX = 100;
/** Of a host in a message; no name in the DNS is longer. */
const NAME_LENGTH_MAX = 253;

/** The one place where it is decided who is let in: by the host that is asked for, by origin and by key. */
export class Access {
  readonly keys: Keys;
  readonly origins: Origins;
  readonly hosts: Hosts;
  readonly #warnOfHost: (message: string) => void;
  readonly #warnOfOrigin: (message: string) => void;

  /** @param warn tells the operator of a host or an origin that was refused, once of each */
  constructor(keys: Keys, origins: Origins, hosts: Hosts, warn: (message: string) => void) {
    this.keys = keys;
    this.origins = origins;
    this.hosts = hosts;
    this.#warnOfHost = once(warn);
    this.#warnOfOrigin = once(warn);
  }

  /** @throws {Refusal} for what was meant for another server */
  checkHost(request: Request): void {
    const { host, pathname } = new URL(request.url);
    // The first line of a request may name a host as well, mostly the same.
    const foreign = [...new Set([hostOf(request), host])].find((name) => !this.hosts.has(name));
    if (foreign === undefined || pathname === OF_ANY_HOST) return;
    const name = (hostnameOf(foreign) ?? foreign).slice(0, NAME_LENGTH_MAX);
    const wayOut = `--allowed-host ${name} would allow it`;
    this.#warnOfHost(`Refused a request for the host ${name}; ${wayOut}`);
    const detail = `Cannot answer for the host ${name}: it is none of the server's own; ${wayOut}`;
    // Without a Host it has come by HTTP/2, which has a status for what should have gone elsewhere.
    throw new Refusal(request.headers.has("host") ? 403 : 421, "bad_host", detail);
  }

  /** @throws {Refusal} unless the WebSocket may be opened */
  checkSocket(request: Request, path: string): void {
    const need = socketNeedOf(path);
    this.#checkOrigin(request, "Cannot open a WebSocket");
    this.keys.check(request, need, `Cannot open a WebSocket at ${path}`);
  }

  /** For requests that are no preflights, which `corsHeaders` answers. */
  middleware(): MiddlewareHandler {
    return (c, next) => {
      const { method, path, raw } = c.req;
      this.checkHost(raw);
      const need = needOf(method, path);
      // A foreign page cannot read an answer, but what it sends would be written all the same.
      if (need === "write") this.#checkOrigin(raw, `Cannot ${method} ${path}`);
      if (need !== undefined) this.keys.check(raw, need, `Cannot ${method} ${path}`);
      return next();
    };
  }

  #checkOrigin(request: Request, action: string): void {
    const origin = request.headers.get("origin") ?? "";
    if (this.origins.allows(origin, hostOf(request))) return;
    this.#warnOfOrigin(`Refused a page of ${origin}; --origin ${origin} would allow it`);
    throw new Refusal(403, "bad_origin", `${action} from ${origin}: the origin is not allowed`);
  }
}

/** What a request needs leave for; `undefined` is open to everybody. */
export function needOf(method: string, path: string): Need | undefined {
  if (!READING_METHODS.includes(method) && !isListed(path, READING_POSTS)) return "write";
  return isListed(path, OPEN) ? undefined : "read";
}

export function socketNeedOf(path: string): Need {
  return isListed(path, WRITING_SOCKETS) ? "write" : "read";
}

/** The same is said once, and not everything that somebody makes up. */
function once(warn: (message: string) => void): (message: string) => void {
  const warned = new Set<string>();
  return (message) => {
    if (warned.has(message) || warned.size >= WARNED_MAX) return;
    warned.add(message);
    warn(message);
  };
}

function isListed(path: string, list: readonly string[]): boolean {
  return list.some((listed) =>
    listed.endsWith("*") ? path.startsWith(listed.slice(0, -1)) : path === listed
  );
}
