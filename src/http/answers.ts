/** For how long a retry is recognised. */
const KEPT_MS = 86_400_000;
const KEYS_MAX = 100_000;

interface Kept<Answer> {
  readonly answer: Answer;
  readonly until: number;
}

/** The answers given to requests with an `Idempotency-Key`, so that a retry adds nothing. */
export class Answers<Answer> {
  readonly #kept = new Map<string, Kept<Answer>>();
  readonly #running = new Map<string, Promise<Answer>>();

  /** Does the work unless its answer is known; equal keys that come at once share one answer. */
  async once(
    key: string | undefined,
    now: () => number,
    work: () => Promise<Answer>,
  ): Promise<Answer> {
    if (key === undefined) return await work();
    const known = this.#get(key, now());
    if (known !== undefined) return known;
    const running = this.#running.get(key);
    if (running !== undefined) return await running;
    const started = work();
    this.#running.set(key, started);
    try {
      const answer = await started;
      this.#keep(key, answer, now());
      return answer;
    } finally {
      this.#running.delete(key);
    }
  }

  #get(key: string, now: number): Answer | undefined {
    const kept = this.#kept.get(key);
    return kept === undefined || kept.until <= now ? undefined : kept.answer;
  }

  #keep(key: string, answer: Answer, now: number): void {
    this.#kept.delete(key);
    this.#kept.set(key, { answer, until: now + KEPT_MS });
    for (const [oldest, { until }] of this.#kept) {
      if (this.#kept.size <= KEYS_MAX && until > now) return;
      this.#kept.delete(oldest);
    }
  }
}
