/** Measures scenarios, and compares the results with goals. */

/** Figures of one run, by name. */
export type Figures = Readonly<Record<string, number>>;

export interface Settings {
  /** Runs of each case; the cases take turns, and the result is the median. */
  readonly repeat: number;
  /** Length of each measurement. */
  readonly seconds: number;
  /** Part of the names of the wanted cases. */
  readonly wanted: string;
  /** Reports the progress. */
  note(text: string): void;
}

export interface Case {
  readonly name: string;
  /** Why the case cannot run on this machine; `undefined` if it can. */
  missing(): string | undefined;
  measure(seconds: number): Promise<Figures>;
}

export interface Column {
  readonly title: string;
  /** Name of the figure. */
  readonly name: string;
  readonly decimals: number;
}

/** A limit for a figure: the most, or with `least` the least. */
export interface Goal {
  readonly what: string;
  readonly value: number;
  readonly limit: number;
  readonly least?: boolean;
  readonly unit: string;
}

export interface Scenario {
  readonly name: string;
  readonly title: string;
  readonly columns: readonly Column[];
  /** The case whose CPU per update is the base for comparison. */
  readonly base?: string;
  readonly cases: readonly Case[];
  /** `of` returns the median of a case's figure, or NaN if it was not measured. */
  goals(of: (name: string, figure: string) => number): readonly Goal[];
}

/** A single fault must not be hidden by the median. */
const FAULTS = ["breaks", "missing", "closed", "refused"];

/** Medians by case, from runs in turn: A B C A B C. */
export async function measure(
  cases: readonly Case[],
  { repeat, seconds, wanted, note }: Settings,
): Promise<ReadonlyMap<string, Figures>> {
  const there = cases.filter(({ name }) => name.includes(wanted)).filter((each) => {
    const reason = each.missing();
    if (reason !== undefined) note(`${each.name} is left out: ${reason}`);
    return reason === undefined;
  });
  const runs = new Map<string, Figures[]>(there.map(({ name }) => [name, []]));
  for (let round = 1; round <= repeat; round++) {
    for (const each of there) {
      note(`${each.name}, ${round} of ${repeat}`);
      try {
        runs.get(each.name)!.push(await each.measure(seconds));
      } catch (error) {
        // The other cases can still be measured.
        note(String(error));
      }
    }
  }
  return new Map([...runs].map(([name, figures]) => [name, medians(figures)]));
}

function medians(runs: readonly Figures[]): Figures {
  return Object.fromEntries(
    Object.keys(runs[0] ?? {}).map((name) => {
      const values = runs.map((run) => run[name]!).sort((a, b) => a - b);
      return [name, FAULTS.includes(name) ? values.at(-1)! : median(values)];
    }),
  );
}

function median(sorted: readonly number[]): number {
  const half = (sorted.length - 1) / 2;
  return (sorted[Math.floor(half)]! + sorted[Math.ceil(half)]!) / 2;
}
