/** For how long a retry is recognised. */
const KEPT_MS = 86_400_000;
const KEYS_MAX = 100_000;

interface Kept {
  readonly answer: Record<string, unknown>;
  readonly until: number;
}

/** The answers given to requests with an `Idempotency-Key`, so that a retry adds nothing. */
export class Answers {
  readonly #kept = new Map<string, Kept>();

  get(key: string | undefined, now: number): Record<string, unknown> | undefined {
    if (key === undefined) return undefined;
    const kept = this.#kept.get(key);
    return kept === undefined || kept.until <= now ? undefined : kept.answer;
  }

  keep(key: string | undefined, answer: Record<string, unknown>, now: number): void {
    if (key === undefined) return;
    this.#kept.delete(key);
    this.#kept.set(key, { answer, until: now + KEPT_MS });
    for (const [oldest, { until }] of this.#kept) {
      if (this.#kept.size <= KEYS_MAX && until > now) return;
      this.#kept.delete(oldest);
    }
  }
}
