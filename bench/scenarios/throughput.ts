import { COLUMNS, fanOutCases } from "../fan_out.ts";
import type { Scenario } from "../scenario.ts";
import { tickwire } from "../servers.ts";

const servers = [tickwire("bun"), tickwire("deno")];

export const throughput: Scenario = {
  name: "throughput",
  title: "500 ticks/s to 2,000 clients: 1,000,000 updates/s",
  columns: COLUMNS,
  cases: fanOutCases(servers, {
    clients: { count: 2_000 },
    ticks: { rate: 500, symbols: 8, slice: 5 },
  }),
  goals: (of) =>
    servers.flatMap(({ name }) => [
      // Updates on the way at the start and end of the measurement are not counted.
      {
        what: `${name}: updates/s`,
        value: of(name, "rate"),
        limit: 990_000,
        least: true,
        unit: "",
      },
      { what: `${name}: p99`, value: of(name, "p99"), limit: 50, unit: "ms" },
      {
        what: `${name}: broken chains, missing rows`,
        value: of(name, "breaks") + of(name, "missing"),
        limit: 0,
        unit: "",
      },
    ]),
};
