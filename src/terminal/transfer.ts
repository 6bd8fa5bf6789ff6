import { type Meter, meterLine } from "./meter.ts";
import { CommandError, reasonOf, Server, type ServerOptions } from "./server.ts";
import type { Terminal } from "./terminal.ts";

/** The content of one request. */
export interface Batch {
  /** What it holds, which is also the path of the request. */
  readonly path: "ticks" | "bars";
  /** NDJSON. */
  readonly body: string;
  /** Bytes of the source up to the end of the batch. */
  readonly bytes: number;
  /** Adds the place in the source to an error of the server. */
  inSource(reason: string): string;
}

export interface TransferOptions extends ServerOptions {
  /** Name of an earlier run that did not finish. */
  readonly resume?: string | undefined;
}

/** The batches to send, the same in each run. */
export interface Load {
  readonly batches: AsyncIterable<Batch>;
  readonly bytesAll: number | undefined;
}

const ATTEMPTS_MAX = 10;
const PAUSE_MS_MAX = 10_000;

/**
 * Sends batches in order, each once, with retries. A run that failed can be continued.
 * @returns the number of records sent
 */
export async function transfer(
  terminal: Terminal,
  options: TransferOptions,
  open: () => Load | Promise<Load>,
): Promise<number> {
  const server = new Server(options);
  await server.request("healthz");
  const run = options.resume ??
    Math.floor(terminal.random() * 36 ** 8).toString(36).padStart(8, "0");
  const startedAt = terminal.now();
  const meter: Meter = { startedAt, what: "ticks", count: 0, bytes: 0, bytesAll: undefined };
  try {
    const { batches, bytesAll } = await open();
    meter.bytesAll = bytesAll;
    let index = 0;
    for await (const batch of batches) {
      if (terminal.interrupted.aborted) throw new CommandError("Interrupted");
      if (meter.what !== batch.path) meter.what = meter.count === 0 ? batch.path : "records";
      meter.count += await sendBatch(terminal, server, batch, `${run}-${index++}`);
      meter.bytes = batch.bytes;
      terminal.progress(meterLine(meter, terminal.now(), terminal.size().columns));
    }
  } catch (error) {
    terminal.progress("");
    if (!(error instanceof CommandError)) throw error;
    if (meter.count === 0 && options.resume === undefined) throw error;
    const sent = `${meter.count.toLocaleString("en-US")} ${meter.what} were sent`;
    throw new CommandError(`${error.message}\n${sent}; to continue: --resume ${run}`, {
      cause: error,
    });
  }
  terminal.progress("");
  terminal.complain(meterLine(meter, terminal.now(), Infinity));
  return meter.count;
}

/** @returns the number of records in the batch */
async function sendBatch(
  terminal: Terminal,
  server: Server,
  { path, body, inSource }: Batch,
  key: string,
): Promise<number> {
  const headers = { "Content-Type": "application/x-ndjson", "Idempotency-Key": key };
  for (let attempt = 0;; attempt++) {
    let reason: string;
    try {
      const signal = terminal.interrupted;
      const response = await server.ask(path, { method: "POST", headers, body, signal });
      if (response.ok) return (await response.json()).accepted;
      reason = await reasonOf(response);
      // Retry only errors that may pass.
      if (![429, 502, 503, 504, 507].includes(response.status)) {
        throw new Refused(inSource(reason));
      }
    } catch (error) {
      const again = error instanceof CommandError && !(error instanceof Refused);
      if (!again || terminal.interrupted.aborted) throw error;
      reason = error.message;
    }
    if (attempt + 1 === ATTEMPTS_MAX) throw new CommandError(reason);
    terminal.progress(`${reason}; trying again`);
    await terminal.sleep(terminal.random() * Math.min(PAUSE_MS_MAX, 500 * 2 ** attempt));
  }
}

/** The server refuses the batch for good. */
class Refused extends CommandError {}
