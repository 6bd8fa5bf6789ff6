import { EVERYTHING, type Grant } from "./grant.ts";
import { CloseCode } from "./socket.ts";

/** A connection as its tenure sees it. */
export interface Holder {
  /**
   * Its grant ends soon: a new one can take its place.
   * @param until in milliseconds since the epoch
   * @returns whether it could be told
   */
  ending?(until: number): boolean;
  close(code: CloseCode, reason: string): void;
}

/** So long before a grant ends its connection is told. */
export const NOTICE_MS = 30_000;

/** What a connection may do, and until when. */
export class Tenure {
  holder: Holder | undefined;
  #grant: Grant;
  #isTold = false;
  readonly #watched: Set<Tenure> | undefined;

  /** @param watched those that are looked at because they end */
  constructor(grant: Grant = EVERYTHING, watched?: Set<Tenure>) {
    this.#grant = grant;
    this.#watched = watched;
    this.renew(grant);
  }

  get grant(): Grant {
    return this.#grant;
  }

  /** A new grant takes the place of the one before. */
  renew(grant: Grant): void {
    this.#grant = grant;
    this.#isTold = false;
    if (grant.until < Infinity) this.#watched?.add(this);
    else this.#watched?.delete(this);
  }

  /** The connection is gone. */
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

/** The tenures that end. */
export class Tenures {
  readonly #watched = new Set<Tenure>();

  begin(grant: Grant): Tenure {
    return new Tenure(grant, this.#watched);
  }

  /** @param now milliseconds since the epoch */
  tend(now: number): void {
    for (const tenure of this.#watched) tenure.tend(now);
  }
}
