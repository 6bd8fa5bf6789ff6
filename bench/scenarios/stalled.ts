import { COLUMNS, fanOutCase } from "../fan_out.ts";
import type { Scenario } from "../scenario.ts";
import { tickwire } from "../servers.ts";

const READERS = 190;
const STALLED = 10;
/** Time until the system's buffers for clients that do not read are full. */
const WARM_UP_MS = 5_000;
/** Limit for the clients that never read: 256 KiB unsent and the runtime's buffers for each. */
const GROWN_MB_MAX = 64;

const runtimes = ["bun", "deno"];
const without = (runtime: string) => `${runtime}, all read`;
const withStalled = (runtime: string) => `${runtime}, ${STALLED} never read`;

export const stalled: Scenario = {
  name: "stalled",
  title: `2,000 ticks/s to ${READERS + STALLED} clients, of which ${STALLED} never read`,
  columns: [...COLUMNS, { title: "MB grown", name: "grown", decimals: 0 }],
  cases: runtimes.flatMap((runtime) => [
    stalledCase(without(runtime), runtime, 0),
    stalledCase(withStalled(runtime), runtime, STALLED),
  ]),
  goals: (of) =>
    runtimes.flatMap((runtime) => [
      {
        what: `${runtime}: p99 of those that read, of a run without the others`,
        value: of(withStalled(runtime), "p99") / of(without(runtime), "p99"),
        limit: 1.5,
        unit: "×",
      },
      {
        what: `${runtime}: memory that the others cost`,
        value: of(withStalled(runtime), "grown") - of(without(runtime), "grown"),
        limit: GROWN_MB_MAX,
        unit: "MB",
      },
    ]),
};

function stalledCase(name: string, runtime: string, count: number) {
  return fanOutCase(name, tickwire(runtime), {
    clients: { count: READERS + count, stalled: count },
    ticks: { rate: 2_000, symbols: 8, slice: 5 },
    warmUpMs: WARM_UP_MS,
  });
}
