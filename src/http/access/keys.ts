import { Buffer } from "node:buffer";
import { createHash, timingSafeEqual } from "node:crypto";
import { EVERYTHING, type Grant, NONE } from "../../hub/grant.ts";
import { HttpError } from "../http_error.ts";
import { isToken, type Tokens } from "./tokens.ts";

export interface KeysOptions {
  /** Without read keys and tokens, everybody may read. */
  readonly read: readonly string[];
  readonly write: readonly string[];
  /** The address that the server listens on. */
  readonly host: string;
  readonly tokens?: Pick<Tokens, "grantOf"> | undefined;
}

/** `enter` is for rooms: it needs a write key, but tokens have a separate list of rooms. */
export type Need = "read" | "write" | "enter";

const READING: Grant = { ...EVERYTHING, write: NONE, rooms: NONE };

/**
 * Checks keys and tokens. A read key allows to read everything, a write key also to write
 * everything. A token contains its own rights.
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

  /** Whether it is possible for anybody to write. */
  get canWrite(): boolean {
    return this.#write.length > 0 || this.hasTokens || isLoopback(this.#options.host);
  }

  get hasTokens(): boolean {
    return this.#options.tokens !== undefined;
  }

  /** Whether a key or token is necessary. Without write keys, writing needs the same as reading. */
  isNeededTo(need: Need): boolean {
    return this.hasTokens || this.#read.length > 0 || need !== "read" && this.#write.length > 0;
  }

  /**
   * The rights of a request.
   * @param action the start of the message, such as `Cannot GET /snapshot`
   * @throws {HttpError} at once or later, if the necessary key or token is missing or invalid
   */
  check(request: Request, need: Need, action: string): Grant | Promise<Grant> {
    if (need !== "read" && !this.canWrite) {
      const why = `the server listens on ${this.#options.host} and has no write key`;
      throw new HttpError(403, "no_write_key", `${action}: ${why}, start it with --write-key`);
    }
    if (!this.isNeededTo(need)) return need === "read" ? READING : EVERYTHING;
    return this.#checkGiven(keysOf(request), need, action);
  }

  /** Checks a key or token that is not in a request. */
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
   * The key for the URL of a WebSocket, for clients that cannot send headers with it: the request's
   * read key, or a token that only reads. Clients store URLs and pass them on, so a request with a
   * write key gets a read key.
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

/** Whether only programs on this machine can reach an address. */
export function isLoopback(host: string): boolean {
  return /^(?:localhost|127(?:\.\d+){3}|::1)$/.test(host);
}

/** The keys and tokens of a request. InfluxDB clients send `Token`, plain HTTP clients `Basic`. */
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

/** Digests have the same length, so that the time of a comparison reveals nothing about a key. */
function digest(key: string): Buffer {
  return createHash("sha256").update(key).digest();
}

function isAmong(given: readonly Buffer[], known: readonly Buffer[]): boolean {
  let found = false;
  for (const one of given) for (const other of known) found = timingSafeEqual(one, other) || found;
  return found;
}
