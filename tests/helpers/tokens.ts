import { Buffer } from "node:buffer";
import { createHmac } from "node:crypto";
import { SignJWT } from "jose";

export const SECRET = "a secret of tests with 32 letters".replaceAll(" ", "-");
export const AUDIENCE = "tickwire-tests";

/** Flags of a server that accepts these tokens. */
export const TOKEN_FLAGS = ["--jwt-secret", SECRET, "--jwt-audience", AUDIENCE];

export type Claims = Readonly<Record<string, unknown>>;

/** A token with these claims. By default it is valid for an hour and for the tests' audience. */
export function token(claims: Claims = {}, secret = SECRET): Promise<string> {
  const usual = { aud: AUDIENCE, exp: Math.floor(Date.now() / 1_000) + 3_600 };
  return new SignJWT({ ...usual, ...claims }).setProtectedHeader({ alg: "HS256" })
    .sign(new TextEncoder().encode(secret));
}

/** A forged token with any header. @param secret undefined means no signature */
export function forged(header: Claims, claims: Claims, secret?: string): string {
  const encode = (part: Claims) => Buffer.from(JSON.stringify(part)).toString("base64url");
  const signed = `${encode(header)}.${encode({ aud: AUDIENCE, ...claims })}`;
  const signature = secret === undefined
    ? ""
    : createHmac("sha256", secret).update(signed).digest("base64url");
  return `${signed}.${signature}`;
}
