import type { Tick } from "../core/tick.ts";
import { gaussian } from "./random.ts";

/** The properties of a simulated instrument. */
export interface Character {
  readonly symbol: string;
  readonly name: string;
  readonly decimals: number;
  /** The first price, and the mean of the price in the long run. */
  readonly price: number;
  /** Standard deviation of a year's change, as a fraction. */
  readonly volatility: number;
  /** Median size, and the step of sizes. */
  readonly size: number;
  readonly sizeStep: number;
  /** Difference between ask and bid as a fraction of the price. */
  readonly spread: number;
  readonly shares?: number;
}

const YEAR_MS = 365 * 86_400_000;
/** Half of a deviation from the first price is gone after 20 days, so that no price runs away. */
const REVERSION_PER_MS = Math.LN2 / (20 * 86_400_000);
/** Speed and size of the changes between calm and lively periods. */
const MOOD_PER_MS = 1 / 600_000;
const MOOD_DEVIATION = 0.5;

/** The price of one instrument as a random walk with calm and lively periods, a spread and trade sizes. */
export class RandomWalk {
  readonly #character: Character;
  readonly #random: () => number;
  #logPrice = 0;
  #mood = 0;
  #time: number;

  /** @param price first price instead of the instrument's */
  constructor(character: Character, random: () => number, time: number, price?: number | null) {
    this.#character = character;
    this.#random = random;
    this.#time = time;
    if (price != null && price > 0) this.#logPrice = Math.log(price / character.price);
  }

  /** The tick at a time, which must not be before the last one. */
  next(time: number): Tick {
    const { symbol, price: start, volatility, spread, decimals, size, sizeStep } = this.#character;
    const elapsed = Math.max(0, time - this.#time);
    this.#time = time;
    const calm = Math.exp(-elapsed * MOOD_PER_MS);
    this.#mood = this.#mood * calm +
      MOOD_DEVIATION * Math.sqrt(1 - calm * calm) * gaussian(this.#random);
    const deviation = volatility * Math.sqrt(elapsed / YEAR_MS) * Math.exp(this.#mood);
    this.#logPrice += deviation * gaussian(this.#random) -
      this.#logPrice * REVERSION_PER_MS * elapsed;
    const middle = start * Math.exp(this.#logPrice);
    const tickSize = 10 ** -decimals;
    const half = Math.max(tickSize / 2, middle * spread * Math.exp(this.#mood / 2) / 2);
    const bid = round(middle - half, decimals);
    const ask = round(Math.max(middle + half, bid + tickSize), decimals);
    const draw = this.#random();
    // Most trades are at the bid or the ask, some between.
    const price = draw < 0.45 ? bid : draw < 0.9 ? ask : round(middle, decimals);
    const traded = size * Math.exp(0.8 * gaussian(this.#random));
    const sized = Math.max(1, Math.round(traded / sizeStep)) * sizeStep;
    return { symbol, time, price, size: Number(sized.toPrecision(12)), bid, ask };
  }
}

function round(price: number, decimals: number): number {
  return Number(price.toFixed(decimals));
}
