import type { MiddlewareHandler } from "hono";
import { hostnameOf } from "../../runtime/listener.ts";
import type { Origins } from "./cors.ts";
import { hostOf, type Hosts } from "./hosts.ts";
import type { Keys, Need } from "./keys.ts";
import type { Grant } from "../../hub/grant.ts";
import { ConnectionGrants } from "../../hub/connection_grant.ts";
import { HttpError } from "../http_error.ts";

// Rights that a request needs. All other paths need the read key, so that a new route is protected.

/** The contracts describe how to send a key, and contain no data. */
const CONTRACTS = ["/openapi.json", "/asyncapi.json"];
/** Routes without a key: the page, which asks for the key, the health check and the contracts. */
const OPEN = ["/", "/chart", "/static/*", "/favicon.ico", "/healthz", ...CONTRACTS];
/** Requests that only read, although their method usually writes. */
const READING_POSTS = ["/kraken/0/public/*"];
/** Requests for operators: they need the right to write, although their method usually reads. */
const OPERATING = ["/backup"];
/** WebSockets through which a client writes, and those for rooms. */
const WRITING_SOCKETS = ["/ticks"], ROOMS = ["/rooms/*"];

const READING_METHODS = ["GET", "HEAD", "OPTIONS"];
/** A load balancer may check it under any host name. */
const OF_ANY_HOST = "/healthz";
const RETRY_SECONDS = 1;
const WARNED_MAX = 100;
/** Maximum length of a host name in a message; names in the DNS are not longer. */
const NAME_LENGTH_MAX = 253;

/** Decides whether a request is allowed, by its host, origin and key. */
export class Access {
  readonly keys: Keys;
  /** Grants of the open connections. */
  readonly connectionGrants = new ConnectionGrants();
  readonly origins: Origins;
  readonly hosts: Hosts;
  readonly #warnOfHost: (message: string) => void;
  readonly #warnOfOrigin: (message: string) => void;
  readonly #now: () => number;

  /** @param warn reports a refused host or origin to the operator, each of them once */
  constructor(
    { keys, origins, hosts, warn, now }: {
      readonly keys: Keys;
      readonly origins: Origins;
      readonly hosts: Hosts;
      warn(message: string): void;
      now(): number;
    },
  ) {
    this.#now = now;
    this.keys = keys;
    this.origins = origins;
    this.hosts = hosts;
    this.#warnOfHost = once(warn);
    this.#warnOfOrigin = once(warn);
  }

  /** @throws {HttpError} for a request to a host name of another server */
  checkHost(request: Request): void {
    const { host, pathname } = new URL(request.url);
    // The request line may contain a host too, usually the same one.
    const foreign = [...new Set([hostOf(request), host])].find((name) => !this.hosts.has(name));
    if (foreign === undefined || pathname === OF_ANY_HOST) return;
    const name = (hostnameOf(foreign) ?? foreign).slice(0, NAME_LENGTH_MAX);
    const wayOut = `--allowed-host ${name} would allow it`;
    this.#warnOfHost(`Refused a request for the host ${name}; ${wayOut}`);
    const detail = `Cannot answer for the host ${name}: it is none of the server's own; ${wayOut}`;
    // Without `Host` it is an HTTP/2 request; there 421 is the status for a wrong server.
    throw new HttpError(request.headers.has("host") ? 403 : 421, "bad_host", detail);
  }

  /** The rights of a WebSocket's client. @throws {HttpError} at once or later, if it has none */
  checkSocket(request: Request, path: string): Grant | Promise<Grant> {
    const need = socketNeedOf(path);
    const action = `Cannot open a WebSocket at ${path}`;
    this.#checkOrigin(request, "Cannot open a WebSocket");
    const grant = this.keys.check(request, need, action);
    return grant instanceof Promise ? grant.then((grant) => this.#counted(grant, action)) : grant;
  }

  /** Not for preflights, which `corsHeaders` answers. */
  middleware(): MiddlewareHandler {
    return (c, next) => {
      const { method, path, raw } = c.req;
      this.checkHost(raw);
      const need = needOf(method, path);
      const action = `Cannot ${method} ${path}`;
      // The browser hides the answer from a page of another origin, but the write would happen.
      if (need === "write") this.#checkOrigin(raw, action);
      if (need === undefined) return next();
      const grant = this.keys.check(raw, need, action);
      if (grant instanceof Promise) {
        return grant.then((grant) => {
          c.set("grant", this.#counted(grant, action));
          return next();
        });
      }
      c.set("grant", grant);
      return next();
    };
  }

  /** @throws {HttpError} above the rate that the token allows */
  #counted(grant: Grant, action: string): Grant {
    if (grant.rateLimit?.take(this.#now()) ?? true) return grant;
    const detail = `${action}: the token allows fewer commands in a second`;
    throw new HttpError(429, "too_many", detail, RETRY_SECONDS);
  }

  #checkOrigin(request: Request, action: string): void {
    const origin = request.headers.get("origin") ?? "";
    if (this.origins.allows(origin, hostOf(request))) return;
    this.#warnOfOrigin(`Refused a page of ${origin}; --origin ${origin} would allow it`);
    throw new HttpError(403, "bad_origin", `${action} from ${origin}: the origin is not allowed`);
  }
}

/** The right that a request needs; `undefined` if it needs none. */
export function needOf(method: string, path: string): Need | undefined {
  if (isListed(path, ROOMS)) return "enter";
  if (isListed(path, OPERATING) && method !== "OPTIONS") return "write";
  if (!READING_METHODS.includes(method) && !isListed(path, READING_POSTS)) return "write";
  return isListed(path, OPEN) ? undefined : "read";
}

export function socketNeedOf(path: string): Need {
  if (isListed(path, ROOMS)) return "enter";
  return isListed(path, WRITING_SOCKETS) ? "write" : "read";
}

/** Passes each message on once; the limit protects the log from invented hosts and origins. */
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
