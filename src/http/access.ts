import type { MiddlewareHandler } from "hono";
import type { Origins } from "./cors.ts";
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
const ORIGINS_WARNED_MAX = 100;

/** The one place where it is decided who is let in, by key and by origin. */
export class Access {
  readonly keys: Keys;
  readonly origins: Origins;
  readonly #warn: (message: string) => void;
  readonly #warnedOf = new Set<string>();

  /** @param warn tells the operator of an origin that was refused, once of each */
  constructor(keys: Keys, origins: Origins, warn: (message: string) => void) {
    this.keys = keys;
    this.origins = origins;
    this.#warn = warn;
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
      const need = needOf(method, path);
      // A foreign page cannot read an answer, but what it sends would be written all the same.
      if (need === "write") this.#checkOrigin(raw, `Cannot ${method} ${path}`);
      if (need !== undefined) this.keys.check(raw, need, `Cannot ${method} ${path}`);
      return next();
    };
  }

  #checkOrigin({ headers }: Request, action: string): void {
    const origin = headers.get("origin") ?? "";
    if (this.origins.allows(origin, headers.get("host"))) return;
    if (!this.#warnedOf.has(origin) && this.#warnedOf.size < ORIGINS_WARNED_MAX) {
      this.#warnedOf.add(origin);
      this.#warn(`Refused a page of ${origin}; --origin ${origin} would allow it`);
    }
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

function isListed(path: string, list: readonly string[]): boolean {
  return list.some((listed) =>
    listed.endsWith("*") ? path.startsWith(listed.slice(0, -1)) : path === listed
  );
}
