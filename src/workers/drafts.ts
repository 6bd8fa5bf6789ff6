import { decodeEntry, encodeEntry } from "../log/entry.ts";
import { type Draft, ENTRY_TICKS_MAX } from "../log/log.ts";

type Rest = Omit<Draft, "ticks">;

const NOTHING = { first: 0, time: 0, definitions: [], marks: [], receipts: [], more: false };

/** Encodes a draft: its other fields as JSON, then its ticks as entries, each after its length. */
export function encodeDraft({ ticks, ...rest }: Draft): Uint8Array {
  const parts: Uint8Array[] = [new TextEncoder().encode(JSON.stringify(rest))];
  for (let at = 0; at < ticks.length; at += ENTRY_TICKS_MAX) {
    const some = ticks.slice(at, at + ENTRY_TICKS_MAX).map((tick) => ({ seq: 0, ...tick }));
    parts.push(encodeEntry({ ...NOTHING, ticks: some }));
  }
  const bytes = new Uint8Array(parts.reduce((sum, { length }) => sum + 4 + length, 0));
  const view = new DataView(bytes.buffer);
  let at = 0;
  for (const part of parts) {
    view.setUint32(at, part.length, true);
    bytes.set(part, at + 4);
    at += 4 + part.length;
  }
  return bytes;
}

/** @throws {EntryFault} if an entry is damaged */
export function decodeDraft(bytes: Uint8Array): Draft {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const parts: Uint8Array[] = [];
  for (let at = 0; at < bytes.length;) {
    const begin = at + 4;
    at = begin + view.getUint32(at, true);
    parts.push(bytes.subarray(begin, at));
  }
  const [rest, ...entries] = parts;
  return {
    ...JSON.parse(new TextDecoder().decode(rest)) as Rest,
    ticks: entries.flatMap((entry) => decodeEntry(entry).ticks),
  };
}
