/** A computed number, or `null` (unknown) if it is not finite. */
export function known(value: number): number | null {
  return Number.isFinite(value) ? value : null;
}
