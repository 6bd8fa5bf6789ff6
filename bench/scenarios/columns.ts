import { type FanOut, fanOutCase } from "../fan_out.ts";
import type { Scenario } from "../scenario.ts";
import { type Fed, tickwire } from "../servers.ts";

const SYMBOLS = 1_000;
const DAY_MS = 86_400_000;

const compact = ["bun", "deno"].map((runtime) => ({ runtime, name: `${runtime}, columns` }));

export const columns: Scenario = {
  name: "columns",
  title: "quotes of 1,000 symbols that change twice a second, every=500",
  columns: [
    { title: "KB/s a client", name: "clientKb", decimals: 1 },
    { title: "core %", name: "core", decimals: 0 },
    { title: "RSS MB", name: "rss", decimals: 0 },
    { title: "breaks", name: "breaks", decimals: 0 },
  ],
  cases: [
    ...compact.map(({ runtime, name }) => fanOutCase(name, tickwire(runtime), load("columns"))),
    fanOutCase("bun, object", tickwire("bun"), load("object")),
  ],
  goals: (of) =>
    compact.map(({ name }) => ({
      what: `${name}: KB/s a client`,
      value: of(name, "clientKb"),
      limit: 200,
      unit: "KB/s",
    })),
};

function load(format: string): FanOut {
  return {
    clients: { count: 20, paths: [`/ws?symbol=*&channel=quote&every=500&format=${format}`] },
    ticks: { rate: 2 * SYMBOLS, symbols: SYMBOLS, slice: 5 },
    secondsMin: 10,
    prepare: yesterday,
  };
}

/** Sends a tick of each symbol of the day before, so that the change since then is known. */
async function yesterday({ http }: Fed): Promise<void> {
  const ticks = Array.from({ length: SYMBOLS }, (_, index) => ({
    symbol: `S${String(index).padStart(3, "0")}`,
    price: 100 + index,
    time: Date.now() - DAY_MS,
  }));
  const headers = { "content-type": "application/json" };
  const response = await fetch(`${http}/ticks`, {
    method: "POST",
    headers,
    body: JSON.stringify(ticks),
  });
  if (!response.ok) throw new Error(`Cannot prepare: ${await response.text()}`);
}
