// Whether a symbol has been silent for longer than it usually is.

const SILENCE_MS_MIN = 30_000;
/** So many usual gaps without a tick are unusual. */
const GAPS = 12;
/** Share of the newest gap in what is usual. */
const WEIGHT = 0.2;

export class Freshness {
  /** @type {Map<string, { at: number, gapMs: number }>} */
  #known = new Map();

  /** A row has come with the first answer: its time tells since when it is silent. */
  begin(
    /** @type {string} */ symbol,
    /** @type {number | null} */ time,
    /** @type {number} */ now,
  ) {
    const gapMs = this.#known.get(symbol)?.gapMs ?? 0;
    this.#known.set(symbol, { at: Math.min(now, time ?? now), gapMs });
  }

  /** A row has changed. @param {string} symbol @param {number} now */
  saw(symbol, now) {
    const known = this.#known.get(symbol);
    if (known === undefined) return void this.#known.set(symbol, { at: now, gapMs: 0 });
    known.gapMs += WEIGHT * (now - known.at - known.gapMs);
    known.at = now;
  }

  /** For how long the symbol has been silent, if that is longer than usual; else 0. */
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
