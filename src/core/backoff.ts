const FIRST_MS = 500;
const MS_MAX = 30_000;

/**
 * The pause before the next attempt, in milliseconds. Full jitter spreads the clients of a lost
 * server over time.
 * @param attempt failures since the last success, counted from 0
 */
export function backoff(attempt: number, random: () => number, msMax = MS_MAX): number {
  return random() * Math.min(msMax, FIRST_MS * 2 ** attempt);
}
