import { createWriteStream, existsSync, renameSync } from "node:fs";
import { finished } from "node:stream/promises";
import { checkTape, PART, removePart } from "./checked_tape.ts";
import { type Meter, meterLine } from "./meter.ts";
import { CommandError, Server, type ServerOptions } from "./server.ts";
import type { Terminal } from "./terminal.ts";

export interface BackupOptions extends ServerOptions {
  readonly file: string;
}

const PROGRESS_MS = 200;

/** `tickwire backup`: saves the tape of a running server as a file. The file appears when it is complete. */
export async function backup(terminal: Terminal, options: BackupOptions): Promise<void> {
  const { file } = options;
  if (existsSync(file)) {
    throw new CommandError(`Cannot back up to ${file}: there is a file already`);
  }
  const server = new Server(options);
  const response = await server.request("backup", { signal: terminal.interrupted });
  const part = file + PART;
  removePart(part);
  try {
    await download(terminal, response, part);
    const { ticks, epoch, last, fileBytes } = await checkTape(terminal, part);
    renameSync(part, file);
    const newest = ticks === 0 ? "" : `, the newest at ${epoch}:${last}`;
    terminal.complain(
      `${file}: ${
        ticks.toLocaleString("en-US")
      } ticks${newest}, ${fileBytes} bytes, all checksums hold`,
    );
  } finally {
    removePart(part);
  }
}

/** @throws {CommandError} if the download is not complete */
async function download(terminal: Terminal, response: Response, path: string): Promise<void> {
  const bytesAll = Number(response.headers.get("tickwire-bytes"));
  const meter: Meter = { startedAt: terminal.now(), what: undefined, count: 0, bytes: 0, bytesAll };
  const output = createWriteStream(path, { flush: true });
  let shownAt = -Infinity;
  try {
    for await (const chunk of response.body ?? []) {
      if (!output.write(chunk)) await new Promise((resolve) => output.once("drain", resolve));
      meter.bytes += chunk.length;
      const now = terminal.now();
      if (now - shownAt < PROGRESS_MS) continue;
      shownAt = now;
      terminal.progress(meterLine(meter, now, terminal.size().columns));
    }
    await finished(output.end());
  } catch (cause) {
    output.destroy();
    if (terminal.interrupted.aborted) throw new CommandError("Interrupted", { cause });
    const { code, message } = cause as { code?: string; message: string };
    const reason = code === "ENOSPC"
      ? "the disk is full"
      : code === "ENOENT" || code === "EACCES"
      ? `${path} cannot be written (${code})`
      : `the answer broke off: ${message}`;
    throw new CommandError(`Cannot back up after ${meter.bytes} bytes: ${reason}`, { cause });
  } finally {
    terminal.progress("");
  }
  if (meter.bytes === bytesAll) return;
  throw new CommandError(`Cannot back up: only ${meter.bytes} of ${bytesAll} bytes arrived`);
}
