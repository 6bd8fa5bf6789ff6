/**
 * A client in mode `all` that stops reading: `bun bench/stalled.ts [bun|deno|PATH] [rate]
 * [seconds]`. Prints how much the server's memory grows meanwhile, and whether the client then gets
 * everything in one chain, while another client is served all the time. Linux only: it reads /proc.
 */
import { argv } from "node:process";
import { RawClient } from "../tests/helpers/raw_client.ts";
import { print, rssOf, startMeasured, wait } from "./measured.ts";

const [runtime = "bun", rate = "2000", seconds = "20"] = argv.slice(2);

const server = await startMeasured(runtime, [
  "--stalled",
  "10m",
  "--feed",
  `synthetic:?rate=${rate}&history=0`,
]);
let neighbour = 0;
const socket = new WebSocket(`${server.ws}/ws?symbol=*`);
socket.onmessage = ({ data }) => {
  const frame = JSON.parse(data);
  if (frame.op === "data") neighbour += frame.rows.length;
};
const stalled = await RawClient.connect(server.port, "/ws?symbol=*");
const first = JSON.parse((await stalled.next())!.payload.toString());
let seq = Number(first.position.split(":")[1]);
const joined = seq;
await wait(3_000);
stalled.pause();
const before = rssOf(server.pid);
const memory: number[] = [];
for (let second = 0; second < Number(seconds); second++) {
  await wait(1_000);
  memory.push(rssOf(server.pid) - before);
}
const served = neighbour;
const { position } = await (await fetch(`${server.http}/readyz`)).json();
const head = Number(position.split(":")[1]);
stalled.resume();
const startedAt = performance.now();
let rows = 0;
let gaps = 0;
while (seq < head) {
  const frame = JSON.parse((await stalled.next())!.payload.toString());
  if (frame.op !== "data") continue;
  if (frame.prev !== seq || frame.rows.length !== frame.seq - frame.prev) gaps++;
  seq = frame.seq;
  rows += frame.rows.length;
}
const caughtUpMs = performance.now() - startedAt;
print(`server ${runtime}, ${rate} ticks/s, stalled for ${seconds} s`);
print(`memory grew by at most ${Math.max(...memory).toFixed(0)} MB`);
print(`the neighbour got ${served} updates meanwhile`);
print(
  `then ${rows} of ${seq - joined} ticks came, gaps ${gaps}, caught up in ${
    caughtUpMs.toFixed(0)
  } ms`,
);
stalled.destroy();
socket.close();
await server.stop();
