import { COLUMNS, fanOutCases } from "../fan_out.ts";
import type { Scenario } from "../scenario.ts";
import { bareBun, bareDeno, tickwire } from "../servers.ts";

const servers = [tickwire("bun"), tickwire("deno")];

export const latency: Scenario = {
  name: "latency",
  title: "100 ticks/s to 50 clients, each tick sent when it comes",
  columns: COLUMNS,
  cases: fanOutCases([...servers, bareBun, bareDeno], {
    clients: { count: 50 },
    ticks: { rate: 100, symbols: 8, slice: 0 },
  }),
  goals: (of) =>
    servers.flatMap(({ name }) => [
      { what: `${name}: p50`, value: of(name, "p50"), limit: 1, unit: "ms" },
      { what: `${name}: p99`, value: of(name, "p99"), limit: 5, unit: "ms" },
    ]),
};
