import { stage } from "../load.ts";
import { cpuOf, rssOf, wait } from "../measured.ts";
import type { Case, Figures, Scenario } from "../scenario.ts";
import { HTTP_FEED, peer, script, type Server, tickwire } from "../servers.ts";

const WARM_UP_MS = 1_500;
/** So many that the producer does not limit a server that answers once every 10 ms. */
const WRITERS = 16;

const bun = tickwire("bun");
const deno = tickwire("deno");
const bareBun = bare("bun", "sqlite");
const bareDeno = bare("deno", "sqlite");

export const ingest: Scenario = {
  name: "ingest",
  title: `NDJSON batches of 1,000 ticks by ${WRITERS} writers, onto a tape in SQLite`,
  columns: [
    { title: "ticks/s", name: "rate", decimals: 0 },
    { title: "µs CPU / tick", name: "cpu", decimals: 3 },
    { title: "core %", name: "core", decimals: 0 },
    { title: "RSS MB", name: "rss", decimals: 0 },
    { title: "refused", name: "refused", decimals: 0 },
    { title: "reopened/s", name: "reopened", decimals: 0 },
    { title: "producer µs", name: "producerCpu", decimals: 3 },
  ],
  cases: [bun, deno, bareBun, bareDeno, bare("bun", "parse"), bare("deno", "parse")].map(
    ingestCase,
  ),
  goals: (of) => [
    {
      what: "ticks/s on Bun",
      value: of(bun.name, "rate"),
      limit: 750_000,
      least: true,
      unit: "",
    },
    {
      what: "ticks/s on Bun, of a bare server that parses and inserts",
      value: of(bun.name, "rate") / of(bareBun.name, "rate"),
      limit: 1.2,
      least: true,
      unit: "×",
    },
    {
      what: "ticks/s on Deno, of a bare server that parses and inserts",
      value: of(deno.name, "rate") / of(bareDeno.name, "rate"),
      limit: 2,
      least: true,
      unit: "×",
    },
  ],
};

/** A server that does only the work that its name says. */
function bare(runtime: "bun" | "deno", work: "parse" | "sqlite"): Server {
  const flags = runtime === "deno" ? ["run", "-A", "--no-lock"] : [];
  const what = work === "parse" ? "parse" : "parse and insert";
  return peer(
    `bare ${runtime}, ${what}`,
    runtime,
    (port, folder) => [...flags, script("ingest.ts"), port, work, folder],
  );
}

function ingestCase(server: Server): Case {
  return {
    name: server.name,
    missing: server.missing,
    measure: (seconds) => measureIngest(server, seconds),
  };
}

function measureIngest(server: Server, seconds: number): Promise<Figures> {
  return stage({ ...server, feed: HTTP_FEED }, async ({ run, send }) => {
    const producer = await send({ rate: 0, symbols: 8, slice: 0, connections: WRITERS });
    await wait(WARM_UP_MS);
    await producer.take();
    const before = { cpu: cpuOf(run.pid), producer: producer.cpu, at: performance.now() };
    await wait(1_000 * seconds);
    const { answered, refused, reopened } = await producer.take();
    const cpu = cpuOf(run.pid) - before.cpu;
    const elapsed = (performance.now() - before.at) / 1_000;
    return {
      rate: answered / elapsed,
      cpu: 1e6 * cpu / answered,
      core: 100 * cpu / elapsed,
      rss: rssOf(run.pid),
      refused,
      reopened: reopened / elapsed,
      producerCpu: 1e6 * (producer.cpu - before.producer) / answered,
    };
  });
}
