import { hostnameOf } from "../../runtime/listener.ts";
import { isLoopback } from "./keys.ts";

export interface HostsOptions {
  /** The address that the server listens on. */
  readonly host: string;
  /** The server's URL for browsers. */
  readonly publicUrl?: string | undefined;
  /** More host names; `*` allows all. */
  readonly allowed: readonly string[];
}

/**
 * The host names of this server. They protect against DNS rebinding: if the name of a foreign page
 * points to this machine, the browser lets the page read and write here. Only `Host` shows the
 * foreign name. Ports are not compared, because port forwarding may change them.
 */
export class Hosts {
  /** `undefined` allows all names. */
  readonly #own: ReadonlySet<string> | undefined;

  constructor({ host, publicUrl, allowed }: HostsOptions) {
    // On a public address the names are unknown, and keys protect the server.
    const isAny = allowed.includes("*") || allowed.length === 0 && !isLoopback(host);
    const names = ["localhost", "127.0.0.1", "::1", host, ...allowed].map(asAddressed);
    if (publicUrl !== undefined) names.push(asAddressed(new URL(publicUrl).hostname));
    this.#own = isAny ? undefined : new Set(names);
  }

  /** @param host the header of a request, with or without a port */
  has(host: string): boolean {
    const name = hostnameOf(host);
    return name !== undefined && (this.#own === undefined || this.#own.has(name));
  }
}

/** The host that a request names. HTTP/2 has no `Host`, but its `:authority` is in the URL. */
export function hostOf({ url, headers }: Request): string {
  return headers.get("host") ?? new URL(url).host;
}

/** A name from the settings in the form that requests contain. */
function asAddressed(name: string): string {
  const isBare = name.includes(":") && !name.startsWith("[");
  const { hostname } = URL.parse(`http://${isBare ? `[${name}]` : name}`) ?? { hostname: name };
  return hostname.replace(/\.$/, "");
}
