/** A group of clients that can be closed step by step. */
export interface Drainable {
  readonly sessionCount: number;
  /** Closes the given share of the clients; 1 is all. */
  closeSome(share: number): void;
}

const STEP_MS = 100;

export function connectionCount(groups: readonly Pick<Drainable, "sessionCount">[]): number {
  return groups.reduce((sum, { sessionCount }) => sum + sessionCount, 0);
}

/** Closes clients evenly over the drain time, so that they do not all reconnect at once. */
export async function drainAll(
  groups: readonly Drainable[],
  drainMs: number,
  sleep: (ms: number) => Promise<void>,
): Promise<void> {
  const steps = Math.max(1, Math.round(drainMs / STEP_MS));
  for (let step = 0; step < steps && connectionCount(groups) > 0; step++) {
    for (const group of groups) group.closeSome(1 / (steps - step));
    await sleep(drainMs / steps);
  }
}
