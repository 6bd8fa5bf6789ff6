/** What was reckoned; `null`, which is unknown, when it is beyond all numbers. */
export function known(value: number): number | null {
  return Number.isFinite(value) ? value : null;
}
