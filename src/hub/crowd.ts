/** A group of clients that can be closed step by step. */
export interface Crowd {
  readonly sessionCount: number;
  /** Closes the given share of the clients; 1 is all. */
  closeSome(share: number): void;
}

const STEP_MS = 100;

export function countOf(crowds: readonly Pick<Crowd, "sessionCount">[]): number {
  return crowds.reduce((sum, { sessionCount }) => sum + sessionCount, 0);
}

/** Closes clients evenly over the drain time, so that they do not all reconnect at once. */
export async function letGo(
  crowds: readonly Crowd[],
  drainMs: number,
  sleep: (ms: number) => Promise<void>,
): Promise<void> {
  const steps = Math.max(1, Math.round(drainMs / STEP_MS));
  for (let step = 0; step < steps && countOf(crowds) > 0; step++) {
    for (const crowd of crowds) crowd.closeSome(1 / (steps - step));
    await sleep(drainMs / steps);
  }
}
