/** Most typing errors in a word. With more it is another word. */
const SLIPS_MAX = 2;
/** Letters per allowed typing error, because many short words are alike. */
const LETTERS_A_SLIP = 3;

/**
 * The known name that a wrong name probably means. It may differ in letter case, and in one or two
 * letters that are missing, extra, wrong or swapped. `undefined` if there is none.
 */
export function nearest(name: string, names: Iterable<string>): string | undefined {
  let found: string | undefined;
  let fewest = Infinity;
  for (const known of names) {
    const slipsMax = Math.min(SLIPS_MAX, Math.floor(known.length / LETTERS_A_SLIP));
    if (Math.abs(known.length - name.length) > slipsMax) continue;
    const slips = slipsBetween(name.toLowerCase(), known.toLowerCase());
    if (slips > slipsMax || slips >= fewest) continue;
    found = known;
    fewest = slips;
  }
  return found;
}

/** https://en.wikipedia.org/wiki/Damerau–Levenshtein_distance#Optimal_string_alignment_distance */
function slipsBetween(a: string, b: string): number {
  let [before, last]: number[][] = [[], Array.from({ length: b.length + 1 }, (_, j) => j)];
  for (let i = 1; i <= a.length; i++) {
    const row = [i];
    for (let j = 1; j <= b.length; j++) {
      const isSame = a[i - 1] === b[j - 1];
      const isExchanged = i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1];
      row[j] = Math.min(
        row[j - 1]! + 1,
        last![j]! + 1,
        last![j - 1]! + (isSame ? 0 : 1),
        isExchanged ? before![j - 2]! + 1 : Infinity,
      );
    }
    [before, last] = [last, row];
  }
  return last![b.length]!;
}
