/**
 * Sums by which a record that was damaged in the file is told from one that was not, because the database
 * itself looks at its own structure only: FNV-1a, so that a single changed word always shows.
 */
export function sumOfNumbers(numbers: Float64Array): number {
  return sumOfWords(new Uint32Array(numbers.buffer, numbers.byteOffset, 2 * numbers.length));
}

/** The same sum of numbers, for those who keep their words. */
export function sumOfWords(words: Uint32Array): number {
  return sum(words);
}

export function sumOfText(...texts: string[]): number {
  return sum(new TextEncoder().encode(texts.join("\n")));
}

/** What was read is not what was written. */
export class Damage extends Error {}

/** @throws {Damage} */
export function checkSum(what: string, expected: unknown, found: number): void {
  if (expected !== found) throw new Damage(`${what} is not as it was written`);
}

/** A signed number of 32 bits, which takes the least room. */
function sum(words: ArrayLike<number>): number {
  let result = 0x811c9dc5;
  for (let index = 0; index < words.length; index++) {
    result = Math.imul(result ^ words[index]!, 0x01000193);
  }
  return result | 0;
}
