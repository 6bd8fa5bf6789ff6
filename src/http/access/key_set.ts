/** Keys that an issuer of tokens publishes: https://www.rfc-editor.org/rfc/rfc7517#section-5 */
import { createLocalJWKSet, type CryptoKey, errors, type JSONWebKeySet } from "jose";

export interface KeySetOptions {
  readonly url: string;
  fetch(url: string, init: RequestInit): Promise<Response>;
  /** Milliseconds. */
  now(): number;
  /** Tells the operator that the keys cannot be read, once for each reason. */
  warn(message: string): void;
}

/** Keys are asked for again after so long, since some may have been taken back. */
const KEPT_MS = 600_000;
/** A token may name a key that is new; whoever makes names up must not make us ask each time. */
const AGAIN_MS = 30_000;
const TIMEOUT_MS = 5_000;
const LENGTH_MAX = 1_048_576;

type Resolve = ReturnType<typeof createLocalJWKSet>;

/** While the issuer is away, the keys that are known go on. */
export class KeySet {
  readonly #options: KeySetOptions;
  #resolve: Resolve | undefined;
  #askedAt = -Infinity;
  #asking: Promise<void> | undefined;
  #reason: string | undefined;

  constructor(options: KeySetOptions) {
    this.#options = options;
  }

  /** The key of that id; `undefined` when there is none, or several without an id. */
  async keyFor(alg: string, kid: string | undefined): Promise<CryptoKey | undefined> {
    if (this.#age() >= KEPT_MS) await this.#ask();
    const known = await this.#find(alg, kid);
    if (known !== undefined || this.#age() < AGAIN_MS) return known;
    await this.#ask();
    return await this.#find(alg, kid);
  }

  /** Whether the keys could not be read when they were last asked for. */
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

  /** All who wait share one question. */
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
