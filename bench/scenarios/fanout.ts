import { COLUMNS, fanOutCases } from "../fan_out.ts";
import type { Scenario } from "../scenario.ts";
import { bareBun, bareDeno, fastApi, nats, nchan, nodeWs, tickwire } from "../servers.ts";

const bun = tickwire("bun");
const deno = tickwire("deno");

export const fanout: Scenario = {
  name: "fanout",
  title: "1,000 ticks/s to 200 clients, objects",
  columns: COLUMNS,
  base: bun.name,
  cases: fanOutCases([bun, deno, bareBun, bareDeno, nodeWs, nchan, fastApi, nats], {
    clients: { count: 200 },
    ticks: { rate: 1_000, symbols: 8, slice: 0 },
  }),
  goals(of) {
    const ratio = (server: { name: string }, to: { name: string }) =>
      of(server.name, "cpu") / of(to.name, "cpu");
    return [
      { what: "CPU per update on Bun, of bare Bun", value: ratio(bun, bareBun), limit: 0.5 },
      { what: "CPU per update on Bun, of nchan", value: ratio(bun, nchan), limit: 1 / 8 },
      { what: "CPU per update on Bun, of FastAPI", value: ratio(bun, fastApi), limit: 1 / 16 },
      { what: "CPU per update on Deno, of that on Bun", value: ratio(deno, bun), limit: 1.3 },
    ].map((goal) => ({ ...goal, unit: "×" }));
  },
};
