import { z } from "zod";
import { count, durationFrom, number, text, webAddress } from "./setting_kinds.ts";

// Settings for servers on public networks: TLS, tokens and backups.

const port = (least: number) => number(z.number().int().min(least).max(65_535));

export const TLS = {
  "tls-cert": text.optional().describe(
    "PEM file with certificate and chain, to serve https",
  ),
  "tls-key": text.optional().describe("PEM file with the private key of the certificate"),
  "redirect-port": port(0).optional().describe(
    "port at which http is sent on to https, mostly 80",
  ),
};

export const TOKENS = {
  "jwt-secret": text.regex(/^[!-~]{32,200}$/, {
    error: "expected 32 to 200 ASCII characters without a blank",
  }).optional().describe("secret of tokens that are signed with HS256"),
  "jwt-public-key": text.optional().describe(
    "PEM file of the key of tokens: RSA, P-256 or Ed25519",
  ),
  "jwks": webAddress.optional().describe("address at which the keys of tokens are published"),
  "jwt-issuer": text.optional().describe("who signs tokens: their iss"),
  "jwt-audience": text.optional().describe("what the server is called in tokens: their aud"),
};

export const BACKUPS = {
  "backup-dir": text.optional().describe("folder for copies of the tape, made now and then"),
  "backup-every": durationFrom(1_000).prefault("1d").describe("how often one is made"),
  "backup-keep": count.default(7).describe("how many of them are kept"),
};

/** Settings that need another setting. */
export const TOGETHER: readonly (readonly [setting: string, needs: string])[] = [
  ["tls-cert", "tls-key"],
  ["tls-key", "tls-cert"],
  ["redirect-port", "tls-cert"],
  ["backup-every", "backup-dir"],
  ["backup-keep", "backup-dir"],
];
