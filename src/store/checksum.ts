/**
 * Checksums of records, because SQLite checks only its own structure: FNV-1a over 32-bit words,
 * which always detects a single changed word. http://www.isthe.com/chongo/tech/comp/fnv/
 */
export function sumOfNumbers(numbers: Float64Array): number {
  return sumOfWords(new Uint32Array(numbers.buffer, numbers.byteOffset, 2 * numbers.length));
}

/** The same sum, for callers that have the 32-bit words of the numbers. */
export function sumOfWords(words: Uint32Array): number {
  return sum(words);
}

export function sumOfText(...texts: string[]): number {
  return sum(new TextEncoder().encode(texts.join("\n")));
}

/** A record is damaged or missing. */
export class Damage extends Error {}

/** @throws {Damage} */
export function checkSum(what: string, expected: unknown, found: number): void {
  if (expected !== found) throw new Damage(`the checksum of ${what} is wrong`);
}

/** A signed 32-bit integer, which SQLite stores in at most 4 bytes. */
function sum(words: ArrayLike<number>): number {
  let result = 0x811c9dc5;
  for (let index = 0; index < words.length; index++) {
    result = Math.imul(result ^ words[index]!, 0x01000193);
  }
  return result | 0;
}
