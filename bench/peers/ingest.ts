/// <reference types="bun-types" />
/**
 * A minimal server that takes ticks, on Bun and Deno: `ingest.ts PORT parse|sqlite FOLDER`.
 * It parses each line; with `sqlite`, each request is one transaction, as durable as tickwire's.
 */
import { join } from "node:path";
import process from "node:process";
import { DatabaseSync } from "node:sqlite";

interface Tick {
  readonly symbol: string;
  readonly time: number;
  readonly price: number;
  readonly size: number;
  readonly bid: number;
  readonly ask: number;
}

const [port, work, folder] = process.argv.slice(2);
const insert = work === "sqlite" ? openTable(join(folder!, "ticks.db")) : () => {};

async function take(request: Request): Promise<Response> {
  const text = await request.text();
  if (text === "") return new Response("ready");
  const ticks = text.split("\n").map((line): Tick => JSON.parse(line));
  insert(ticks);
  return Response.json({ accepted: ticks.length });
}

function openTable(path: string): (ticks: readonly Tick[]) => void {
  const db = new DatabaseSync(path);
  db.exec(
    "PRAGMA locking_mode = EXCLUSIVE; PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL",
  );
  db.exec(
    "CREATE TABLE tick (seq INTEGER PRIMARY KEY, symbol TEXT, time REAL, price REAL, size REAL, " +
      "bid REAL, ask REAL)",
  );
  const row = db.prepare("INSERT INTO tick VALUES (?, ?, ?, ?, ?, ?, ?)");
  let seq = 0;
  return (ticks) => {
    db.exec("BEGIN");
    for (const { symbol, time, price, size, bid, ask } of ticks) {
      row.run(++seq, symbol, time, price, size, bid, ask);
    }
    db.exec("COMMIT");
  };
}

const place = { hostname: "127.0.0.1", port: Number(port) };
if ("Bun" in globalThis) Bun.serve({ ...place, fetch: take });
else Deno.serve({ ...place, onListen() {} }, take);
