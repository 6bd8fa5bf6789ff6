import { stage } from "../load.ts";
import { rssOf, wait } from "../measured.ts";
import type { Case, Figures, Scenario } from "../scenario.ts";
import { bareBun, bareDeno, type Server, tickwire } from "../servers.ts";

const FIRST = 1_000;
const CLIENTS = 9_000;
const SETTLED_MS = 2_000;

const bun = tickwire("bun");
const deno = tickwire("deno");

export const connections: Scenario = {
  name: "connections",
  title: `${CLIENTS.toLocaleString("en-US")} idle connections with a subscription`,
  columns: [
    { title: "KB each", name: "each", decimals: 1 },
    { title: `KB each after ${FIRST}`, name: "further", decimals: 1 },
    { title: "MB without clients", name: "base", decimals: 0 },
    { title: "MB with all", name: "full", decimals: 0 },
  ],
  cases: [bun, deno, bareBun, bareDeno].map(connectionsCase),
  goals: (of) => [
    { what: "KB each on Bun", value: of(bun.name, "each"), limit: 6, unit: "KB" },
    { what: "KB each on Deno", value: of(deno.name, "each"), limit: 30, unit: "KB" },
  ],
};

function connectionsCase(server: Server): Case {
  return { name: server.name, missing: server.missing, measure: () => measure(server) };
}

function measure(server: Server): Promise<Figures> {
  return stage(server, async ({ run, listen }) => {
    const rssAfter = async (count: number) => {
      if (count > 0) await listen({ count });
      await wait(SETTLED_MS);
      return rssOf(run.pid);
    };
    const base = await rssAfter(0);
    const some = await rssAfter(FIRST);
    const full = await rssAfter(CLIENTS - FIRST);
    return {
      base,
      full,
      each: 1_024 * (full - base) / CLIENTS,
      further: 1_024 * (full - some) / (CLIENTS - FIRST),
    };
  });
}
