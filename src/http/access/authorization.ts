import { ClientError } from "../../hub/client_error.ts";
import type { Grant } from "../../hub/grant.ts";
import { Access } from "./access.ts";
import { Origins } from "./cors.ts";
import { Hosts } from "./hosts.ts";
import { Keys } from "./keys.ts";
import { KeySet } from "./key_set.ts";
import { HttpError, toHttpError } from "../http_error.ts";
import { readPublicKey, Tokens } from "./tokens.ts";

/** The settings with these names. */
export interface AuthorizationSettings {
  readonly host: string;
  readonly origin: readonly string[];
  readonly "allowed-host": readonly string[];
  readonly "public-url"?: string | undefined;
  readonly "read-key": readonly string[];
  readonly "write-key": readonly string[];
  readonly "jwt-secret"?: string | undefined;
  readonly "jwt-public-key"?: string | undefined;
  readonly jwks?: string | undefined;
  readonly "jwt-issuer"?: string | undefined;
  readonly "jwt-audience"?: string | undefined;
}

export interface AuthorizationWorld {
  now(): number;
  /** Logs a warning for the operator. */
  warn(message: string): void;
}

/** Creates the access rules from settings. @throws {RangeError} for a file without a public key */
export function openAccess(
  settings: AuthorizationSettings,
  { now, warn }: AuthorizationWorld,
): Access {
  const { host, "read-key": read, "write-key": write, "public-url": publicUrl } = settings;
  const hosts = new Hosts({ host, publicUrl, allowed: settings["allowed-host"] });
  const keys = new Keys({ read, write, host, tokens: openTokens(settings, { now, warn }) });
  if (!keys.canWrite) warn(`Nobody can write: listening on ${host} needs a --write-key`);
  return new Access({ keys, origins: new Origins(settings.origin, hosts), hosts, warn, now });
}

function openTokens(
  { "jwt-secret": secret, "jwt-public-key": path, jwks, ...settings }: AuthorizationSettings,
  world: AuthorizationWorld,
): Tokens | undefined {
  if (secret === undefined && path === undefined && jwks === undefined) return undefined;
  return new Tokens({
    secret,
    publicKey: path === undefined ? undefined : readPublicKey(path),
    keySet: jwks === undefined
      ? undefined
      : new KeySet({ url: jwks, fetch: (...asked) => fetch(...asked), ...world }),
    issuer: settings["jwt-issuer"],
    audience: settings["jwt-audience"],
    now: world.now,
  });
}

/**
 * Checks a key or token that a client sends over an open connection.
 * @param fault called for errors of the server itself
 */
export function authorizer(
  { keys }: Access,
  fault: (error: unknown) => void,
): (token: string) => Promise<Grant> {
  return async (token) => {
    try {
      return await keys.checkText(token, "Cannot authorize");
    } catch (error) {
      const { code, message } = error instanceof HttpError ? error : toHttpError(error, fault);
      throw new ClientError(code, message);
    }
  };
}
