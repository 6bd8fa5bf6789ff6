import type { Inspection } from "../tape/inspection.ts";
import { lookAtTape } from "./checked_tape.ts";
import { CommandError } from "./server.ts";
import type { Terminal } from "./terminal.ts";

export interface InspectOptions {
  readonly file: string;
  readonly json: boolean;
}

/** `tickwire inspect`: describes and checks the file of a tape. @throws {CommandError} if it is damaged */
export async function inspectFile(
  terminal: Terminal,
  { file, json }: InspectOptions,
): Promise<void> {
  const found = await lookAtTape(terminal, file);
  await terminal.write(json ? `${JSON.stringify(found, null, 2)}\n` : textOf(found));
  if (found.damage.length === 0) return;
  throw new CommandError(`Tape ${file} is damaged: ${found.damage.length} faults were found`);
}

function textOf(found: Inspection): string {
  const { ticks, blocks, blockBytes, entryTicks, legacyTicks, damage } = found;
  const sealed = ticks - entryTicks - legacyTicks;
  const each = sealed > 0 ? `, ${(blockBytes / sealed).toFixed(1)} bytes a tick` : "";
  const rows: [string, string][] = [
    ["Tape", found.path],
    ["Version", `${found.version}, epoch ${found.epoch}`],
    ["Ticks", ticks === 0 ? "0" : `${number(ticks)}, seq ${found.first} to ${found.last}`],
    ["Times", ticks === 0 ? "none" : `${time(found.oldest)} to ${time(found.newest)}`],
    ["Symbols", number(found.symbols)],
    ["Blocks", `${number(blocks)} with ${number(found.parts)} parts, ${size(blockBytes)}${each}`],
    [
      "In the log",
      found.stream === null
        ? `${number(entryTicks)} ticks in ${number(found.entries)} entries`
        : `the newest ticks are in the stream ${found.stream} only`,
    ],
    ["Bars", number(found.bars)],
    ["File", size(found.fileBytes)],
    ["Checksums", damage.length === 0 ? "all hold" : damage.join("\n" + " ".repeat(13))],
  ];
  if (legacyTicks > 0) rows.splice(7, 0, ["To migrate", `${number(legacyTicks)} ticks`]);
  return rows.map(([name, text]) => `${name.padEnd(12)} ${text}\n`).join("");
}

function number(value: number): string {
  return value.toLocaleString("en-US");
}

function time(value: number | null): string {
  return value === null ? "none" : new Date(value).toISOString();
}

function size(bytes: number): string {
  return bytes < 1e6 ? `${(bytes / 1e3).toFixed(1)} kB` : `${(bytes / 1e6).toFixed(1)} MB`;
}
