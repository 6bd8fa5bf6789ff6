import { listen } from "../load.ts";
import { rssOf, wait } from "../measured.ts";
import type { Case, Figures, Scenario } from "../scenario.ts";
import { bareBun, bareDeno, type Server, tickwire } from "../servers.ts";

const FIRST = 1_000;
const CLIENTS = 9_000;
const SETTLED_MS = 3_000;

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

async function measure(server: Server): Promise<Figures> {
  const run = await server.start();
  const join = async (count: number) => {
    const clients = await listen(server, run, { count });
    await wait(SETTLED_MS);
    return clients;
  };
  await wait(SETTLED_MS / 3);
  const base = rssOf(run.pid);
  const first = await join(FIRST);
  const some = rssOf(run.pid);
  const others = await join(CLIENTS - FIRST);
  const full = rssOf(run.pid);
  await Promise.all([first.stop(), others.stop(), run.stop()]);
  return {
    base,
    full,
    each: 1_024 * (full - base) / CLIENTS,
    further: 1_024 * (full - some) / (CLIENTS - FIRST),
  };
}
