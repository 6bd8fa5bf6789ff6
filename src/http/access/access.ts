import type { MiddlewareHandler } from "hono";
import { hostnameOf } from "../../runtime/listener.ts";
import type { Origins } from "./cors.ts";
import { hostOf, type Hosts } from "./hosts.ts";
import type { Keys, Need } from "./keys.ts";
import type { Grant } from "../../hub/grant.ts";
import { ConnectionGrants } from "../../hub/connection_grant.ts";
import { HttpError } from "../http_error.ts";

// What a request needs. What is not named here needs the read key, so that a new route is protected.

/** They tell clients how to send a key, and nothing of what the server holds. */
const CONTRACTS = ["/openapi.json", "/asyncapi.json"];
/** Routes that need no key: the page, which asks for one, the sign of life and the contracts. */
const OPEN = ["/", "/chart", "/static/*", "/favicon.ico", "/healthz", ...CONTRACTS];
/** Requests that read although their method is none of reading. */
const READING_POSTS = ["/kraken/0/public/*"];
/** Requests that take the right to write although their method is one of reading: what is the operator's. */
const OPERATING = ["/backup"];
/** WebSockets through which a client writes, and those that are rooms. */
const WRITING_SOCKETS = ["/ticks"], ROOMS = ["/rooms/*"];

const READING_METHODS = ["GET", "HEAD", "OPTIONS"];
/** A balancer asks under whatever name it has for the machine. */
const OF_ANY_HOST = "/healthz";
const RETRY_SECONDS = 1;
const WARNED_MAX = 100;
/** Of a host in a message; no name in the DNS is longer. */
const NAME_LENGTH_MAX = 253;

/** The one place where it is decided who is let in: by the host that is asked for, by origin and by key. */
export class Access {
  readonly keys: Keys;
  /** Of the connections that are open. */
  readonly connectionGrants = new ConnectionGrants();
  readonly origins: Origins;
  readonly hosts: Hosts;
  readonly #warnOfHost: (message: string) => void;
  readonly #warnOfOrigin: (message: string) => void;
  readonly #now: () => number;

  /** @param warn tells the operator of a host or an origin that was refused, once of each */
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

  /** @throws {HttpError} for what was meant for another server */
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
    throw new HttpError(request.headers.has("host") ? 403 : 421, "bad_host", detail);
  }

  /** What the client of a WebSocket may do. @throws {HttpError} at once or later, unless it may be opened */
  checkSocket(request: Request, path: string): Grant | Promise<Grant> {
    const need = socketNeedOf(path);
    const action = `Cannot open a WebSocket at ${path}`;
    this.#checkOrigin(request, "Cannot open a WebSocket");
    const grant = this.keys.check(request, need, action);
    return grant instanceof Promise ? grant.then((grant) => this.#counted(grant, action)) : grant;
  }

  /** For requests that are no preflights, which `corsHeaders` answers. */
  middleware(): MiddlewareHandler {
    return (c, next) => {
      const { method, path, raw } = c.req;
      this.checkHost(raw);
      const need = needOf(method, path);
      const action = `Cannot ${method} ${path}`;
      // A foreign page cannot read an answer, but what it sends would be written all the same.
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

  /** @throws {HttpError} beyond the rate that a token allows */
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

/** What a request needs leave for; `undefined` is open to everybody. */
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
