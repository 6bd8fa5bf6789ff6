const FIRST_MS = 500;
const MS_MAX = 30_000;

/**
 * How long to wait before the next attempt. Full jitter: those who lost the same source come back
 * spread over time. @param attempt failures since the source was last stable, counted from 0
 */
export function backoff(attempt: number, random: () => number): number {
  return random() * Math.min(MS_MAX, FIRST_MS * 2 ** attempt);
}
