/** Gives whole numbers from 0 up to a limit, the same ones for the same seed. */
export type Chance = (below: number) => number;

/** A linear congruential generator: https://en.wikipedia.org/wiki/Linear_congruential_generator */
export function chanceOf(seed: number): Chance {
  let state = seed;
  return (below) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor(state / 2 ** 32 * below);
  };
}
