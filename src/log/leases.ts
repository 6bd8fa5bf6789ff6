import { createHash } from "node:crypto";
import type { KV } from "@nats-io/kv";
import type { LogStream } from "./stream.ts";

/** One of several replicas does what only one may do. */
export interface Leases {
  /**
   * Does something for as long as this replica holds the lease of a name, and again when it gets it again.
   * @param name what only one may do
   * @param run gets the term, which is greater each time, and what says that the lease is lost; it does not fail
   * @returns once it need not be held any more, and others may have it
   */
  hold(
    name: string,
    signal: AbortSignal,
    run: (term: number, held: AbortSignal) => Promise<void>,
  ): Promise<void>;
  /** The names of those that are held here. */
  readonly held: readonly string[];
}

export interface StreamLeasesOptions {
  readonly stream: LogStream;
  /** Who this replica is, for whoever looks. */
  readonly holder: string;
  elapsed(): number;
  sleep(ms: number, signal?: AbortSignal): Promise<void>;
  warn(message: string): void;
}

/** A lease that is not renewed is free after the first, it is renewed and asked for each second. */
const LEASE_MS = 6_000, RENEW_MS = 1_000;

/** Leases as values of a bucket beside the stream, which are forgotten unless they are written again. */
export class StreamLeases implements Leases {
  readonly #options: StreamLeasesOptions;
  readonly #held = new Set<string>();
  #bucket: Promise<KV> | undefined;
  #told = "";

  constructor(options: StreamLeasesOptions) {
    this.#options = options;
  }

  get held(): readonly string[] {
    return [...this.#held];
  }

  async hold(
    name: string,
    signal: AbortSignal,
    run: (term: number, held: AbortSignal) => Promise<void>,
  ): Promise<void> {
    const { sleep } = this.#options;
    while (!signal.aborted) {
      const term = await this.#take(name);
      if (term === undefined) {
        await sleep(RENEW_MS, signal);
        continue;
      }
      this.#held.add(name);
      const lost = new AbortController();
      const running = run(term, AbortSignal.any([signal, lost.signal]));
      await this.#keep(name, term, signal);
      lost.abort();
      this.#held.delete(name);
      // What goes on from an earlier term may do nothing in the name of a later one.
      if (!signal.aborted) await running;
    }
  }

  /** @returns the term; `undefined` when somebody else has it, or nobody can be asked */
  async #take(name: string): Promise<number | undefined> {
    try {
      return await (await this.#values()).create(keyOf(name), this.#options.holder);
    } catch (error) {
      const { message } = error as Error;
      // That somebody else has it is not told, and the same words are told once.
      if (!/wrong last sequence/i.test(message) && message !== this.#told) {
        this.#options.warn(`Cannot ask for the lease of ${name}: ${message}`);
        this.#told = message;
      }
      return undefined;
    }
  }

  /** Renews a lease until it is lost, or need not be held any more: then it is given back. */
  async #keep(name: string, term: number, signal: AbortSignal): Promise<void> {
    const { elapsed, sleep, holder, warn } = this.#options;
    const values = await this.#values();
    let revision = term;
    for (let renewed = elapsed(); elapsed() - renewed < LEASE_MS;) {
      await sleep(RENEW_MS, signal);
      // Who was frozen for so long cannot know who has it now.
      if (elapsed() - renewed >= LEASE_MS) break;
      if (signal.aborted) {
        await values.delete(keyOf(name), { previousSeq: revision }).catch(() => {});
        return;
      }
      const begun = elapsed();
      try {
        revision = await values.update(keyOf(name), holder, revision);
        renewed = begun;
      } catch (error) {
        if (/wrong last sequence/i.test((error as Error).message)) break;
      }
    }
    warn(`The lease of ${name} is lost: another replica may have it`);
  }

  #values(): Promise<KV> {
    this.#bucket ??= this.#options.stream.bucket("leases", LEASE_MS);
    this.#bucket.catch(() => this.#bucket = undefined);
    return this.#bucket;
  }
}

/** Names have characters that no key may have. */
function keyOf(name: string): string {
  return createHash("sha256").update(name).digest("hex").slice(0, 32);
}
