/**
 * The cost of tokens: `bun bench/grants.ts [bun|deno]`. 1,000 ticks a second of 100 symbols to
 * 1,000 clients that get a tenth of them: by subscriptions, with one token that all share, and with
 * a token for each.
 */
import process, { argv } from "node:process";
import { token, TOKEN_FLAGS } from "../tests/helpers/tokens.ts";
import { cpuOf, print, rssOf, startMeasured, wait } from "./measured.ts";

const CLIENTS = 1_000, SYMBOLS = 100, TICKS = 5_000, WARM_TICKS = 2_000, SLICE = 5;
const [runtime = "bun"] = argv.slice(2);

interface Client {
  readonly query: string;
  readonly token?: string;
}

const nameOf = (number: number) => `S${String(number % SYMBOLS).padStart(2, "0")}`;
const tenth = (client: number) => Array.from({ length: 10 }, (_, at) => nameOf(10 * client + at));

/**
 * Prints the CPU time and memory of a server with these clients.
 * @returns CPU seconds per update
 */
async function measure(name: string, clientOf: (index: number) => Client): Promise<number> {
  const server = await startMeasured(runtime, ["--feed", "none", "--flush", "10", ...TOKEN_FLAGS]);
  const write = await token({ read: ["*"], write: ["*"] });
  let serial = 0;
  const send = async (count: number) => {
    for (const end = serial + count; serial < end;) {
      const begun = performance.now();
      const ticks = Array.from(
        { length: SLICE },
        () => `{"symbol":"${nameOf(serial++)}","price":${serial}}`,
      );
      const headers = {
        "content-type": "application/x-ndjson",
        "authorization": `Bearer ${write}`,
      };
      const response = await fetch(`${server.http}/ticks`, {
        method: "POST",
        headers,
        body: ticks.join("\n"),
      });
      if (!response.ok) throw new Error(await response.text());
      await wait(Math.max(0, SLICE - (performance.now() - begun)));
    }
  };
  await send(SYMBOLS);
  let updates = 0;
  const sockets = await Promise.all(Array.from({ length: CLIENTS }, async (_, index) => {
    const { query, token = write } = clientOf(index);
    const socket = new WebSocket(`${server.ws}/ws?channel=tick&mode=all&${query}&key=${token}`);
    socket.onmessage = ({ data }) => {
      if (String(data).startsWith('{"op":"data"')) {
        updates += String(data).split('"price"').length - 1;
      }
    };
    await new Promise((resolve, reject) => [socket.onopen, socket.onerror] = [resolve, reject]);
    return socket;
  }));
  await send(WARM_TICKS);
  await wait(200);
  updates = 0;
  const before = cpuOf(server.pid);
  await send(TICKS);
  await wait(500);
  const spent = (cpuOf(server.pid) - before) / updates;
  const cells = [`${(1e6 * spent).toFixed(2)} µs of CPU an update`, `${updates} updates`];
  print(`${runtime}, ${name}: ${cells.join(", ")}, ${rssOf(server.pid).toFixed(0)} MB`);
  for (const socket of sockets) socket.close();
  await server.stop();
  return spent;
}

const shared = await token({ read: ["*"] });
const own = await Promise.all(
  Array.from({ length: CLIENTS }, (_, index) => token({ read: [...tenth(index), `OWN/${index}`] })),
);
const all = Array.from(
  { length: CLIENTS },
  (_, index) => `symbol=${tenth(index).join()},OWN/${index}`,
);
const keyed = await measure("a grant of everything", (index) => ({ query: all[index]! }));
const one = await measure("one token", (index) => ({ query: all[index]!, token: shared }));
const each = await measure("a token each", (index) => ({ query: "symbol=*", token: own[index]! }));
print(
  `${runtime}: one token ${(one / keyed).toFixed(2)} ×, a token each ${
    (each / keyed).toFixed(2)
  } ×`,
);
process.exit(0);
