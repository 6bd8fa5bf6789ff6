import { type FanOut, fanOutCase } from "../fan_out.ts";
import type { Scenario } from "../scenario.ts";
import { type Fed, tickwire } from "../servers.ts";

const SUBSCRIPTIONS = 1_000;
const symbols = Array.from({ length: SUBSCRIPTIONS }, (_, at) => `B${at}`);
const alone: FanOut = {
  clients: { count: 200 },
  ticks: { rate: 1_000, symbols: 8, slice: 0 },
  prepare,
};
const nameOf = (runtime: string, what: string) => `${runtime}: ${what}`;
const runtimes = ["bun", "deno"];

export const burst: Scenario = {
  name: "burst",
  title: "1,000 ticks/s to 200 clients, while one subscribes 1,000 times at once, again and again",
  columns: [
    { title: "subscriptions/s", name: "done", decimals: 0 },
    { title: "updates/s", name: "rate", decimals: 0 },
    { title: "core %", name: "core", decimals: 0 },
    { title: "p50 ms", name: "p50", decimals: 2 },
    { title: "p99 ms", name: "p99", decimals: 2 },
    { title: "p99.9 ms", name: "p999", decimals: 2 },
    { title: "breaks", name: "breaks", decimals: 0 },
  ],
  cases: runtimes.flatMap((runtime) => [
    fanOutCase(nameOf(runtime, "alone"), tickwire(runtime), alone),
    fanOutCase(nameOf(runtime, "beside"), tickwire(runtime), { ...alone, beside }),
  ]),
  goals: (of) =>
    runtimes.flatMap((runtime) => [
      {
        what: `${runtime}: p99 beside a burst, more than alone`,
        value: of(nameOf(runtime, "beside"), "p99") - of(nameOf(runtime, "alone"), "p99"),
        limit: 5,
        unit: "ms",
      },
      {
        what: `${runtime}: subscriptions granted in a second`,
        value: of(nameOf(runtime, "beside"), "done"),
        limit: SUBSCRIPTIONS,
        least: true,
        unit: "",
      },
    ]),
};

async function prepare({ http }: Fed): Promise<void> {
  const body = JSON.stringify(symbols.map((symbol) => ({ symbol, price: 1 })));
  const headers = { "content-type": "application/json" };
  const response = await fetch(`${http}/ticks`, { method: "POST", headers, body });
  if (!response.ok) throw new Error(`Cannot prepare: ${await response.text()}`);
}

function beside({ ws }: Fed): () => number {
  let granted = 0;
  let ended = false;
  let socket: WebSocket;
  const come = () => {
    if (ended) return;
    let left = SUBSCRIPTIONS;
    socket = new WebSocket(`${ws}/ws`);
    socket.onopen = () => {
      for (const [id, symbol] of symbols.entries()) {
        socket.send(JSON.stringify({ op: "subscribe", id, symbols: [symbol], channel: "quote" }));
      }
    };
    socket.onmessage = ({ data }) => {
      if (!data.startsWith('{"op":"subscribed"')) return;
      granted++;
      if (--left === 0) socket.close();
    };
    socket.onclose = come;
  };
  come();
  return () => {
    ended = true;
    socket.close();
    return granted;
  };
}
