// Tells whether a symbol has been silent for longer than usual.

const SILENCE_MS_MIN = 30_000;
/** A symbol is late after this many times its average gap. */
const GAPS = 12;
/** Weight of the newest gap in the average. */
const WEIGHT = 0.2;

export class Freshness {
  /** @type {Map<string, { at: number, gapMs: number }>} */
  #known = new Map();

  /** Takes a row of the first answer. The symbol's silence starts at its time. */
  begin(
    /** @type {string} */ symbol,
    /** @type {number | null} */ time,
    /** @type {number} */ now,
  ) {
    const gapMs = this.#known.get(symbol)?.gapMs ?? 0;
    this.#known.set(symbol, { at: Math.min(now, time ?? now), gapMs });
  }

  /** Takes a changed row. @param {string} symbol @param {number} now */
  saw(symbol, now) {
    const known = this.#known.get(symbol);
    if (known === undefined) return void this.#known.set(symbol, { at: now, gapMs: 0 });
    known.gapMs += WEIGHT * (now - known.at - known.gapMs);
    known.at = now;
  }

  /** Milliseconds of silence, if that is longer than usual; else 0. */
  silenceMs(/** @type {string} */ symbol, /** @type {number} */ now) {
    const known = this.#known.get(symbol);
    if (known === undefined) return 0;
    const silenceMs = now - known.at;
    return silenceMs > Math.max(SILENCE_MS_MIN, GAPS * known.gapMs) ? silenceMs : 0;
  }

  forget() {
    this.#known.clear();
  }
}
