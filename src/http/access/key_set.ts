/** Public keys of an issuer of tokens: https://www.rfc-editor.org/rfc/rfc7517#section-5 */
import { createLocalJWKSet, type CryptoKey, errors, type JSONWebKeySet } from "jose";

export interface KeySetOptions {
  readonly url: string;
  fetch(url: string, init: RequestInit): Promise<Response>;
  /** Milliseconds. */
  now(): number;
  /** Reports to the operator that the keys are unreadable, once for each reason. */
  warn(message: string): void;
}

/** The keys are fetched again after this time, because the issuer may have revoked some. */
const KEPT_MS = 600_000;
/** Minimum time between two fetches for unknown keys, because clients can invent keys. */
const AGAIN_MS = 30_000;
const TIMEOUT_MS = 5_000;
const LENGTH_MAX = 1_048_576;

type Resolve = ReturnType<typeof createLocalJWKSet>;

/** A cache of the issuer's keys. If the issuer does not answer, the known keys stay valid. */
export class KeySet {
  readonly #options: KeySetOptions;
  #resolve: Resolve | undefined;
  #askedAt = -Infinity;
  #asking: Promise<void> | undefined;
  #reason: string | undefined;

  constructor(options: KeySetOptions) {
    this.#options = options;
  }

  /** The key with this id; `undefined` if there is none, or if several keys match without an id. */
  async keyFor(alg: string, kid: string | undefined): Promise<CryptoKey | undefined> {
    if (this.#age() >= KEPT_MS) await this.#ask();
    const known = await this.#find(alg, kid);
    if (known !== undefined || this.#age() < AGAIN_MS) return known;
    await this.#ask();
    return await this.#find(alg, kid);
  }

  /** Whether the last fetch of the keys failed. */
  get isAway(): boolean {
    return this.#reason !== undefined;
  }

  #age(): number {
    return this.#options.now() - this.#askedAt;
  }

  async #find(alg: string, kid: string | undefined): Promise<CryptoKey | undefined> {
    try {
      return await this.#resolve?.({ alg, ...(kid === undefined ? {} : { kid }) });
    } catch (error) {
      if (!(error instanceof errors.JOSEError)) throw error;
      return undefined;
    }
  }

  /** Simultaneous callers share one fetch. */
  #ask(): Promise<void> {
    return this.#asking ??= this.#read().finally(() => this.#asking = undefined);
  }

  async #read(): Promise<void> {
    const { url, fetch, now, warn } = this.#options;
    try {
      const response = await fetch(url, { signal: AbortSignal.timeout(TIMEOUT_MS) });
      const text = await response.text();
      if (!response.ok) throw new Error(`it answers ${response.status}`);
      if (text.length > LENGTH_MAX) throw new Error(`it has more than ${LENGTH_MAX} characters`);
      this.#resolve = createLocalJWKSet(JSON.parse(text) as JSONWebKeySet);
      this.#reason = undefined;
    } catch (error) {
      const { message } = error as Error;
      const known = this.#resolve === undefined ? "there are none" : "those that are known go on";
      if (message !== this.#reason) warn(`Cannot read the keys at ${url}: ${message}; ${known}`);
      this.#reason = message;
    }
    this.#askedAt = now();
  }
}
