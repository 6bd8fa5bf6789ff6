/** JSON Web Tokens: https://www.rfc-editor.org/rfc/rfc7519 */
import { createPublicKey, type KeyObject } from "node:crypto";
import { readFileSync } from "node:fs";
import { errors, type JWTHeaderParameters, type JWTPayload, jwtVerify } from "jose";
import { Lru } from "../../core/lru.ts";
import { RateLimit } from "../../hub/rate_limit.ts";
import { ALL, type Grant, NONE, Scope } from "../../hub/grant.ts";
import type { KeySet } from "./key_set.ts";
import { HttpError } from "../http_error.ts";

export interface TokensOptions {
  /** Shared secret for HS256. */
  readonly secret?: string | undefined;
  /** Public key for RS256, ES256 or EdDSA. */
  readonly publicKey?: PublicKey | undefined;
  /** Public keys by the ids in tokens. */
  readonly keySet?: Pick<KeySet, "keyFor" | "isAway"> | undefined;
  /** Required `iss` of a token. */
  readonly issuer?: string | undefined;
  /** Name of this server in the `aud` of a token. */
  readonly audience?: string | undefined;
  now(): number;
}

export interface PublicKey {
  readonly algorithms: readonly string[];
  readonly key: KeyObject;
}

/** Longer tokens are refused without a check. */
export const TOKEN_LENGTH_MAX = 8_192;
const RETRY_SECONDS = 10;
const ALGORITHMS = {
  "rsa": ["RS256"],
  "ec prime256v1": ["ES256"],
  "ed25519": ["EdDSA", "Ed25519"],
} as const;
export const PUBLIC_ALGORITHMS = Object.values(ALGORITHMS).flat();
/** Maximum number of subjects with their own rate limit at the same time. */
const SUBJECTS_MAX = 10_000;

const NOBODY: Omit<Grant, "until"> = { read: NONE, write: NONE, rooms: NONE };

/** Whether a text looks like a token: three parts of base64url; the last may be empty. */
export function isToken(text: string): boolean {
  return /^[\w-]+\.[\w-]+\.[\w-]*$/.test(text);
}

/** Reads the public key for tokens from a file. @throws {RangeError} for any other file */
export function readPublicKey(path: string): PublicKey {
  let key: KeyObject;
  let pem: string;
  try {
    pem = readFileSync(path, "utf8");
  } catch (cause) {
    const { code, message } = cause as { code?: string; message: string };
    const reason = code === "ENOENT" ? "there is no such file" : message;
    throw new RangeError(`Cannot use --jwt-public-key ${path}: ${reason}`, { cause });
  }
  if (pem.includes("PRIVATE KEY")) {
    throw new RangeError(`Cannot use --jwt-public-key ${path}: there is a private key in it`);
  }
  try {
    key = createPublicKey(pem);
  } catch (cause) {
    const reason = "there is no public key in it";
    throw new RangeError(`Cannot use --jwt-public-key ${path}: ${reason}`, { cause });
  }
  const { asymmetricKeyType: type, asymmetricKeyDetails: details } = key;
  const name = type === "ec" ? `ec ${details?.namedCurve}` : String(type);
  const algorithms = Object.entries(ALGORITHMS).find(([known]) => known === name)?.[1];
  if (algorithms !== undefined) return { key, algorithms };
  const known = "an RSA key, one of the curve P-256, or Ed25519";
  throw new RangeError(`Cannot use --jwt-public-key ${path}: it is ${name}, expected ${known}`);
}

/** Checks tokens and reads their rights. */
export class Tokens {
  readonly #options: TokensOptions;
  readonly #algorithms: readonly string[];
  readonly #secret: Uint8Array | undefined;
  readonly #rateLimits = new Lru<{ readonly rate: number; readonly rateLimit: RateLimit }>(
    SUBJECTS_MAX,
  );

  constructor(options: TokensOptions) {
    this.#options = options;
    const { secret, publicKey, keySet } = options;
    this.#secret = secret === undefined ? undefined : new TextEncoder().encode(secret);
    this.#algorithms = [
      ...secret === undefined ? [] : ["HS256"],
      ...publicKey?.algorithms ?? [],
      ...keySet === undefined ? [] : PUBLIC_ALGORITHMS,
    ];
  }

  /**
   * @param action the start of the message
   * @throws {HttpError} 401 for a token that is malformed, expired or not for this server
   */
  async grantOf(token: string, action: string): Promise<Grant> {
    if (token.length > TOKEN_LENGTH_MAX) {
      throw bad(action, `it has more than ${TOKEN_LENGTH_MAX} characters`);
    }
    const { issuer, audience, now } = this.#options;
    try {
      const { payload } = await jwtVerify(token, (header) => this.#keyFor(header), {
        algorithms: [...this.#algorithms],
        ...(issuer === undefined ? {} : { issuer }),
        ...(audience === undefined ? {} : { audience }),
        currentDate: new Date(now()),
      });
      // RFC 7519, section 4.1.3: a server must refuse a token for an audience that it is not in.
      if (audience === undefined && payload.aud !== undefined) {
        throw new RangeError("it is for an audience, and the server has no --jwt-audience");
      }
      return this.#grant(payload, token);
    } catch (error) {
      throw refusalOf(error, action);
    }
  }

  /** Each algorithm has its own key: a public key must not serve as the secret of HS256. */
  async #keyFor({ alg, kid }: JWTHeaderParameters) {
    const { publicKey, keySet } = this.#options;
    if (alg === "HS256" && this.#secret !== undefined) return this.#secret;
    if (publicKey?.algorithms.includes(alg)) return publicKey.key;
    const key = await keySet?.keyFor(alg, kid);
    if (key !== undefined) return key;
    if (keySet?.isAway !== true) throw new errors.JWKSNoMatchingKey();
    const detail = "Cannot check the token: its key is not known, and cannot be asked for now";
    throw new HttpError(503, "keys_unavailable", detail, RETRY_SECONDS);
  }

  /** @throws {RangeError} for claims that cannot be used */
  #grant(payload: JWTPayload, token: string): Grant {
    const { exp, sub, rate } = payload;
    const scopes = Object.keys(NOBODY).map((claim) => [claim, scopeOf(payload, claim)]);
    return {
      ...NOBODY,
      ...Object.fromEntries(scopes),
      until: exp === undefined ? Infinity : exp * 1_000,
      rateLimit: rate === undefined ? undefined : this.#rateLimitOf(rate, sub ?? token),
    };
  }

  #rateLimitOf(rate: unknown, subject: string): RateLimit {
    if (typeof rate !== "number" || !(rate > 0 && rate < Infinity)) {
      throw new RangeError("its rate is not a number above 0");
    }
    const known = this.#rateLimits.get(subject);
    if (known?.rate === rate) return known.rateLimit;
    const rateLimit = new RateLimit(rate, this.#options.now());
    this.#rateLimits.set(subject, { rate, rateLimit }, 1);
    return rateLimit;
  }
}

function scopeOf(payload: JWTPayload, claim: string): Scope {
  const patterns = payload[claim] ?? [];
  const isList = Array.isArray(patterns) && patterns.every((each) => typeof each === "string");
  if (!isList) throw new RangeError(`its ${claim} is not a list of names and prefixes`);
  if (patterns.length === 1 && patterns[0] === "*") return ALL;
  try {
    return new Scope(patterns);
  } catch (cause) {
    throw new RangeError(`its ${claim} has ${(cause as Error).message}`, { cause });
  }
}

/** @param error from jose, or a `RangeError` for an invalid claim */
function refusalOf(error: unknown, action: string): unknown {
  if (error instanceof errors.JWTExpired) {
    return new HttpError(401, "token_expired", `${action}: the token has expired`);
  }
  if (error instanceof RangeError) return bad(action, error.message);
  if (error instanceof errors.JWTClaimValidationFailed) {
    return bad(action, `its ${error.claim} is not what it should be`);
  }
  if (error instanceof errors.JOSEAlgNotAllowed) {
    return bad(action, "it is not signed by an algorithm that the server takes");
  }
  if (error instanceof errors.JWKSNoMatchingKey) return bad(action, "nobody knows its key");
  return error instanceof errors.JOSEError ? bad(action, "its signature is not right") : error;
}

function bad(action: string, reason: string): HttpError {
  return new HttpError(401, "bad_token", `${action} with that token: ${reason}`);
}
