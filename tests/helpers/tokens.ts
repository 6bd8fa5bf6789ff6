import { Buffer } from "node:buffer";
import { createHmac } from "node:crypto";
import { SignJWT } from "jose";

export const SECRET = "a secret of tests with 32 letters".replaceAll(" ", "-");
export const AUDIENCE = "tickwire-tests";

/** Settings of a server that takes these tokens. */
export const TOKEN_FLAGS = ["--jwt-secret", SECRET, "--jwt-audience", AUDIENCE];

export type Claims = Readonly<Record<string, unknown>>;

/** A token with these claims; unless they say otherwise it is for an hour, and for the tests' audience. */
export function token(claims: Claims = {}, secret = SECRET): Promise<string> {
  const usual = { aud: AUDIENCE, exp: Math.floor(Date.now() / 1_000) + 3_600 };
  return new SignJWT({ ...usual, ...claims }).setProtectedHeader({ alg: "HS256" })
    .sign(new TextEncoder().encode(secret));
}

/** A token as somebody may make it up, with any header. @param secret absent for no signature */
export function forged(header: Claims, claims: Claims, secret?: string): string {
  const encode = (part: Claims) => Buffer.from(JSON.stringify(part)).toString("base64url");
  const signed = `${encode(header)}.${encode({ aud: AUDIENCE, ...claims })}`;
  const signature = secret === undefined
    ? ""
    : createHmac("sha256", secret).update(signed).digest("base64url");
  return `${signed}.${signature}`;
}
