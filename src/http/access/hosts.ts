import { hostnameOf } from "../../runtime/listener.ts";
import { isLoopback } from "./keys.ts";

export interface HostsOptions {
  /** The address that the server listens on. */
  readonly host: string;
  /** The address under which browsers reach it. */
  readonly publicUrl?: string | undefined;
  /** Further names; `*` is any. */
  readonly allowed: readonly string[];
}

/**
 * The names under which the server may be asked for. A page whose own name has been pointed at this machine
 * is no stranger to the browser, which lets it read and write: only the `Host` tells that it was meant for
 * another server. Ports do not matter, for whoever forwards one may choose it.
 */
export class Hosts {
  /** `undefined` is any. */
  readonly #own: ReadonlySet<string> | undefined;

  constructor({ host, publicUrl, allowed }: HostsOptions) {
    // What others reach under names that nobody here knows is guarded by keys.
    const isAny = allowed.includes("*") || allowed.length === 0 && !isLoopback(host);
    const names = ["localhost", "127.0.0.1", "::1", host, ...allowed].map(asAddressed);
    if (publicUrl !== undefined) names.push(asAddressed(new URL(publicUrl).hostname));
    this.#own = isAny ? undefined : new Set(names);
  }

  /** @param host as requests have it, with a port or without */
  has(host: string): boolean {
    const name = hostnameOf(host);
    return name !== undefined && (this.#own === undefined || this.#own.has(name));
  }
}

/** What a request asks for. HTTP/2 has no `Host`: what it has in its place is found in the URL. */
export function hostOf({ url, headers }: Request): string {
  return headers.get("host") ?? new URL(url).host;
}

/** A name of the operator's as requests have it. */
function asAddressed(name: string): string {
  const isBare = name.includes(":") && !name.startsWith("[");
  const { hostname } = URL.parse(`http://${isBare ? `[${name}]` : name}`) ?? { hostname: name };
  return hostname.replace(/\.$/, "");
}
