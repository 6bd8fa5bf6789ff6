import { Buffer } from "node:buffer";
import { createHash, timingSafeEqual } from "node:crypto";
import { Refusal } from "./refusal.ts";

export interface KeysOptions {
  /** When there are none, everybody may read. */
  readonly read: readonly string[];
  readonly write: readonly string[];
  /** The address that the server listens on. */
  readonly host: string;
}

export type Need = "read" | "write";

/** Who may read and who may write. A read key reads; a write key writes, and reads as well. */
export class Keys {
  readonly #options: KeysOptions;
  readonly #read: readonly Buffer[];
  readonly #write: readonly Buffer[];

  constructor(options: KeysOptions) {
    this.#options = options;
    this.#read = options.read.map(digest);
    this.#write = options.write.map(digest);
  }

  /** Whether there is anybody who may write. */
  get canWrite(): boolean {
    return this.#write.length > 0 || isLoopback(this.#options.host);
  }

  /** Whether it takes a key. Without a write key, writing needs no less than reading. */
  isNeededTo(need: Need): boolean {
    return this.#read.length > 0 || need === "write" && this.#write.length > 0;
  }

  /**
   * @param action what is asked for, as the begin of a sentence: `Cannot GET /snapshot`
   * @throws {Refusal} unless the request carries the key that it needs
   */
  check(request: Request, need: Need, action: string): void {
    if (need === "write" && !this.canWrite) {
      const why = `the server listens on ${this.#options.host} and has no write key`;
      throw new Refusal(403, "no_write_key", `${action}: ${why}, start it with --write-key`);
    }
    if (!this.isNeededTo(need)) return;
    const needsWriteKey = need === "write" && this.#write.length > 0;
    const given = keysOf(request).map(digest);
    if (isAmong(given, this.#write) || !needsWriteKey && isAmong(given, this.#read)) return;
    if (given.length === 0) {
      const how = "send one as X-API-KEY, as Authorization: Bearer or as ?key=";
      throw new Refusal(401, "key_needed", `${action} without a key: ${how}`);
    }
    if (needsWriteKey && isAmong(given, this.#read)) {
      throw new Refusal(403, "read_only_key", `${action} with a key that only reads`);
    }
    throw new Refusal(401, "bad_key", `${action}: the server does not know the key`);
  }

  /**
   * The key for the address of a WebSocket, to which a client that sends its key in headers cannot send
   * any: its read key. Addresses are kept and passed on, so a write key is answered by one that only reads.
   */
  readKeyFor(request: Request): string | undefined {
    const given = keysOf(request);
    const sent = given.find((key) => isAmong([digest(key)], this.#read));
    return sent ?? (isAmong(given.map(digest), this.#write) ? this.#options.read[0] : undefined);
  }
}

/** Whether only programs of this machine reach an address. */
export function isLoopback(host: string): boolean {
  return /^(?:localhost|127(?:\.\d+){3}|::1)$/.test(host);
}

/** The keys that a request carries; those of the clients of other databases and of plain HTTP, too. */
function keysOf({ url, headers }: Request): string[] {
  const [, scheme = "", value = ""] =
    /^(bearer|token|basic) +(\S+)$/i.exec(headers.get("authorization") ?? "") ?? [];
  return [
    headers.get("x-api-key"),
    scheme.toLowerCase() === "basic" ? passwordOf(value) : value,
    new URL(url).searchParams.get("key"),
  ].filter((key) => key !== null && key !== undefined && key !== "") as string[];
}

function passwordOf(credentials: string): string | undefined {
  return /:(.*)$/s.exec(Buffer.from(credentials, "base64").toString())?.[1];
}

/** Digests are equally long, so that comparing them takes equally long whatever was sent. */
function digest(key: string): Buffer {
  return createHash("sha256").update(key).digest();
}

function isAmong(given: readonly Buffer[], known: readonly Buffer[]): boolean {
  let found = false;
  for (const one of given) for (const other of known) found = timingSafeEqual(one, other) || found;
  return found;
}
