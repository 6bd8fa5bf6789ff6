import { EVERYTHING, type Grant } from "./grant.ts";
import { CloseCode } from "./socket.ts";

/** A connection as its grant uses it. */
export interface GrantHolder {
  /**
   * The grant expires soon; the client can renew it.
   * @param until in milliseconds since the epoch
   * @returns whether the client was told
   */
  ending?(until: number): boolean;
  close(code: CloseCode, reason: string): void;
}

/** Time between the notice and the expiry of a grant. */
export const NOTICE_MS = 30_000;

/** The rights of a connection and their expiry. */
export class ConnectionGrant {
  holder: GrantHolder | undefined;
  #grant: Grant;
  #isTold = false;
  readonly #watched: Set<ConnectionGrant> | undefined;

  /** @param watched the grants that expire */
  constructor(grant: Grant = EVERYTHING, watched?: Set<ConnectionGrant>) {
    this.#grant = grant;
    this.#watched = watched;
    this.renew(grant);
  }

  get grant(): Grant {
    return this.#grant;
  }

  /** Replaces the grant. */
  renew(grant: Grant): void {
    this.#grant = grant;
    this.#isTold = false;
    if (grant.until < Infinity) this.#watched?.add(this);
    else this.#watched?.delete(this);
  }

  /** The connection is closed. */
  end(): void {
    this.#watched?.delete(this);
  }

  tend(now: number): void {
    const { until } = this.#grant;
    if (now >= until) {
      this.end();
      this.holder?.close(CloseCode.unauthorized, "The token has expired");
    } else if (now >= until - NOTICE_MS && !this.#isTold) {
      this.#isTold = this.holder?.ending?.(until) ?? true;
    }
  }
}

/** Watches the grants that expire. */
export class ConnectionGrants {
  readonly #watched = new Set<ConnectionGrant>();

  begin(grant: Grant): ConnectionGrant {
    return new ConnectionGrant(grant, this.#watched);
  }

  /** @param now milliseconds since the epoch */
  tend(now: number): void {
    for (const connectionGrant of this.#watched) connectionGrant.tend(now);
  }
}
