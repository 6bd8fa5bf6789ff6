/**
 * Finds by halving the first index below `length` for which a condition holds. The condition must
 * hold for all later indices too.
 * @returns `length` if there is none
 */
export function firstIndex(length: number, holds: (index: number) => boolean): number {
  let low = 0, high = length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (holds(middle)) high = middle;
    else low = middle + 1;
  }
  return low;
}

/**
 * The last index of a sorted list with at most this value; -1 if there is none. One runtime does
 * not inline `firstIndex`, and this search is made for each tick of a read.
 */
export function lastAtMost(list: readonly number[], value: number): number {
  let low = 0, high = list.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (list[middle]! <= value) low = middle + 1;
    else high = middle;
  }
  return low - 1;
}
