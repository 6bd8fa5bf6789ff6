import { Buffer } from "node:buffer";
import { createHash, timingSafeEqual } from "node:crypto";
import { EVERYTHING, type Grant, NONE } from "../../hub/grant.ts";
import { HttpError } from "../http_error.ts";
import { isToken, type Tokens } from "./tokens.ts";

export interface KeysOptions {
  /** When there are none, and no tokens, everybody may read. */
  readonly read: readonly string[];
  readonly write: readonly string[];
  /** The address that the server listens on. */
  readonly host: string;
  readonly tokens?: Pick<Tokens, "grantOf"> | undefined;
}

/** To enter a room is to write, but a token names rooms apart. */
export type Need = "read" | "write" | "enter";

const READING: Grant = { ...EVERYTHING, write: NONE, rooms: NONE };

/**
 * Who may do what. A key is a grant of everything: a read key of what there is to read, a write key to
 * write as well. A token says for itself what it grants.
 */
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
    return this.#write.length > 0 || this.hasTokens || isLoopback(this.#options.host);
  }

  get hasTokens(): boolean {
    return this.#options.tokens !== undefined;
  }

  /** Whether it takes a key or a token. Without a write key, writing needs no less than reading. */
  isNeededTo(need: Need): boolean {
    return this.hasTokens || this.#read.length > 0 || need !== "read" && this.#write.length > 0;
  }

  /**
   * What a request may do.
   * @param action what is asked for, as the begin of a sentence: `Cannot GET /snapshot`
   * @throws {HttpError} at once or later, unless the request carries the key or token that it needs
   */
  check(request: Request, need: Need, action: string): Grant | Promise<Grant> {
    if (need !== "read" && !this.canWrite) {
      const why = `the server listens on ${this.#options.host} and has no write key`;
      throw new HttpError(403, "no_write_key", `${action}: ${why}, start it with --write-key`);
    }
    if (!this.isNeededTo(need)) return need === "read" ? READING : EVERYTHING;
    return this.#checkGiven(keysOf(request), need, action);
  }

  /** The same of a key or token that comes by itself. */
  checkText(given: string, action: string): Grant | Promise<Grant> {
    return this.#checkGiven([given], "read", action);
  }

  #checkGiven(given: readonly string[], need: Need, action: string): Grant | Promise<Grant> {
    const grant = this.#grantOfKeys(given.map(digest));
    if (grant !== undefined && isEnough(grant, need)) return grant;
    const token = given.find(isToken);
    if (token !== undefined && this.#options.tokens !== undefined) {
      return this.#grantOfToken(this.#options.tokens, token, need, action);
    }
    if (given.length === 0) {
      const how = "send one as X-API-KEY, as Authorization: Bearer or as ?key=";
      throw new HttpError(401, "key_needed", `${action} without a key: ${how}`);
    }
    if (grant !== undefined) {
      throw new HttpError(403, "read_only_key", `${action} with a key that only reads`);
    }
    throw new HttpError(401, "bad_key", `${action}: the server does not know the key`);
  }

  #grantOfKeys(given: readonly Buffer[]): Grant | undefined {
    if (isAmong(given, this.#write)) return EVERYTHING;
    if (!isAmong(given, this.#read)) return undefined;
    const writes = this.#write.length === 0 && !this.hasTokens && isLoopback(this.#options.host);
    return writes ? EVERYTHING : READING;
  }

  async #grantOfToken(
    tokens: Pick<Tokens, "grantOf">,
    token: string,
    need: Need,
    action: string,
  ): Promise<Grant> {
    const grant = await tokens.grantOf(token, action);
    if (isEnough(grant, need)) return grant;
    const verb = need === "enter" ? "enter no room" : `${need} nothing`;
    throw new HttpError(403, "not_allowed", `${action}: the token lets its bearer ${verb}`);
  }

  /**
   * The key for the address of a WebSocket, to which a client that sends its key in headers cannot send
   * any: its read key, or a token that only reads. Addresses are kept and passed on, so a write key is
   * answered by one that only reads.
   */
  readKeyFor(request: Request, { write, rooms }: Grant): string | undefined {
    const given = keysOf(request);
    const sent = given.find((key) => isAmong([digest(key)], this.#read));
    if (sent !== undefined) return sent;
    if (isAmong(given.map(digest), this.#write)) return this.#options.read[0];
    return this.hasTokens && write.isNone && rooms.isNone ? given.find(isToken) : undefined;
  }
}

function isEnough({ read, write, rooms }: Grant, need: Need): boolean {
  return !{ read, write, enter: rooms }[need].isNone;
}

/** Whether only programs of this machine reach an address. */
export function isLoopback(host: string): boolean {
  return /^(?:localhost|127(?:\.\d+){3}|::1)$/.test(host);
}

/** The keys and tokens that a request carries; those of the clients of other databases and of plain HTTP, too. */
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
