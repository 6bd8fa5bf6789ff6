const FIRST_MS = 500;
const MS_MAX = 30_000;

/**
 * The pause before the next attempt, in milliseconds. Full jitter spreads the clients of a lost source
 * over time. @param attempt failures since the source was last stable, counted from 0
 */
export function backoff(attempt: number, random: () => number): number {
  return random() * Math.min(MS_MAX, FIRST_MS * 2 ** attempt);
}
