import { COLUMNS, type FanOut, fanOutCase } from "../fan_out.ts";
import type { Scenario } from "../scenario.ts";
import { bareBun, tickwire } from "../servers.ts";

const CLIENTS = 500;
const SYMBOLS = 100;
const EACH = 10;

const many: FanOut = {
  clients: { count: CLIENTS, paths: Array.from({ length: CLIENTS }, (_, at) => somePath(at)) },
  ticks: { rate: 1_000, symbols: SYMBOLS, slice: 5 },
};
/** A tenth of the ticks has one symbol: each client gets as many as with ten of a hundred. */
const equal: FanOut = {
  clients: { count: CLIENTS, paths: ["/ws?symbol=S000"] },
  ticks: { rate: 1_000, symbols: SYMBOLS / EACH, slice: 5 },
};
const all: FanOut = {
  clients: { count: CLIENTS, paths: ["/ws?symbol=S000"] },
  ticks: { rate: 1_000, symbols: 1, slice: 5 },
};
const runtimes = ["bun", "deno"];
const BARE = "bare Bun: 10 of 100";
const nameOf = (runtime: string, what: string) => `${runtime}: ${what}`;

export const symbols: Scenario = {
  name: "symbols",
  title: "1,000 ticks/s over 100 symbols to 500 clients with 10 random symbols each",
  columns: COLUMNS,
  cases: [
    ...runtimes.flatMap((runtime) =>
      Object.entries({ "10 of 100": many, "1 of 10": equal, "1 of 1": all }).map(([what, load]) =>
        fanOutCase(nameOf(runtime, what), tickwire(runtime), load)
      )
    ),
    fanOutCase(BARE, bareBun, many),
  ],
  goals: (of) => [
    ...runtimes.flatMap((runtime) =>
      ["1 of 10", "1 of 1"].map((what) => ({
        what: `${runtime}: CPU per update, of ${what} symbol`,
        value: of(nameOf(runtime, "10 of 100"), "cpu") / of(nameOf(runtime, what), "cpu"),
        limit: 2,
        unit: "×",
      }))
    ),
    {
      what: "bun: CPU per update, of bare Bun",
      value: of(nameOf("bun", "10 of 100"), "cpu") / of(BARE, "cpu"),
      limit: 1.2,
      unit: "×",
    },
  ],
};

/** Ten symbols in random order, the same in every run. */
function somePath(client: number): string {
  const chosen = new Set<string>();
  for (let state = client + 1; chosen.size < EACH;) {
    state = Math.imul(state, 1_664_525) + 1_013_904_223 >>> 0;
    chosen.add(`S${String(Math.floor(state / 2 ** 32 * SYMBOLS)).padStart(3, "0")}`);
  }
  return `/ws?symbol=${[...chosen].join()}`;
}
