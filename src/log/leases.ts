import { createHash } from "node:crypto";
import type { KV } from "@nats-io/kv";
import { natsFaultOf } from "./nats_error.ts";
import type { LogStream } from "./stream.ts";

/** Gives a task to one replica at a time. */
export interface Leases {
  /**
   * Runs a task while this replica holds a lease, and again each time it gets the lease again.
   * @param name of the lease
   * @param signal aborted to give up the lease
   * @param run gets the term, which always grows, and a signal for the lost lease; must not reject
   * @returns when the lease was given up and others may take it
   */
  hold(
    name: string,
    signal: AbortSignal,
    run: (term: number, held: AbortSignal) => Promise<void>,
  ): Promise<void>;
  /** The names of the leases that this replica holds. */
  readonly held: readonly string[];
}

export interface StreamLeasesOptions {
  readonly stream: Pick<LogStream, "bucket">;
  /** A readable name of this replica. */
  readonly holder: string;
  elapsed(): number;
  sleep(ms: number, signal?: AbortSignal): Promise<void>;
  warn(message: string): void;
}

/** A lease expires after `LEASE_MS`. Every `RENEW_MS` its holder renews it and others ask. */
const LEASE_MS = 6_000, RENEW_MS = 1_000;

/** Leases as values in a bucket beside the stream. They expire unless they are renewed. */
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
      const term = await this.#acquire(name);
      if (term === undefined) {
        await sleep(RENEW_MS, signal);
        continue;
      }
      this.#held.add(name);
      const lost = new AbortController();
      const running = run(term, AbortSignal.any([signal, lost.signal]));
      const revision = await this.#keep(name, term, signal);
      lost.abort();
      this.#held.delete(name);
      // The task must end before the next term starts, here or on another replica.
      const hasEnded = await this.#ended(running, signal);
      if (hasEnded && revision !== undefined) await this.#giveUp(name, revision);
    }
  }

  /** Waits for a task. After an abort it waits only until the lease has expired. */
  async #ended(running: Promise<void>, signal: AbortSignal): Promise<boolean> {
    const over = new AbortController();
    const aborted = new Promise<void>((resolve) => {
      if (signal.aborted) resolve();
      signal.addEventListener("abort", () => resolve(), { signal: over.signal });
    });
    const expired = aborted.then(() => this.#options.sleep(LEASE_MS, over.signal));
    const hasEnded = await Promise.race([running.then(() => true), expired.then(() => false)]);
    over.abort();
    return hasEnded;
  }

  /** @returns the term; `undefined` if another replica has the lease or NATS does not answer */
  async #acquire(name: string): Promise<number | undefined> {
    try {
      return await (await this.#values()).create(keyOf(name), this.#options.holder);
    } catch (error) {
      const { message } = error as Error;
      // It is normal that another replica has it. Other errors are logged once.
      if (natsFaultOf(error) !== "conflict" && message !== this.#told) {
        this.#options.warn(`Cannot ask for the lease of ${name}: ${message}`);
        this.#told = message;
      }
      return undefined;
    }
  }

  /** Renews a lease until it is lost or the signal. @returns its revision if it is not lost */
  async #keep(name: string, term: number, signal: AbortSignal): Promise<number | undefined> {
    const { elapsed, sleep, holder, warn } = this.#options;
    const values = await this.#values();
    let revision = term;
    for (let renewed = elapsed(); elapsed() - renewed < LEASE_MS;) {
      await sleep(RENEW_MS, signal);
      // A process that was suspended for so long cannot know who has it now.
      if (elapsed() - renewed >= LEASE_MS) break;
      if (signal.aborted) return revision;
      const begun = elapsed();
      try {
        revision = await values.update(keyOf(name), holder, revision);
        renewed = begun;
      } catch (error) {
        if (natsFaultOf(error) === "conflict") break;
      }
    }
    warn(`The lease of ${name} is lost: another replica may have it`);
    return undefined;
  }

  async #giveUp(name: string, revision: number): Promise<void> {
    const given = this.#values()
      .then((values) => values.delete(keyOf(name), { previousSeq: revision }));
    // Without an answer the lease expires.
    await given.catch(() => {});
  }

  #values(): Promise<KV> {
    this.#bucket ??= this.#options.stream.bucket("leases", LEASE_MS);
    this.#bucket.catch(() => this.#bucket = undefined);
    return this.#bucket;
  }
}

/** Names can contain characters that are not allowed in keys. */
function keyOf(name: string): string {
  return createHash("sha256").update(name).digest("hex").slice(0, 32);
}
