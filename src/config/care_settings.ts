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
    "port that redirects http to https, usually 80",
  ),
};

export const TOKENS = {
  "jwt-secret": text.regex(/^[!-~]{32,200}$/, {
    error: "expected 32 to 200 ASCII characters without a blank",
  }).optional().describe("secret of tokens signed with HS256"),
  "jwt-public-key": text.optional().describe(
    "PEM file with the public key of tokens: RSA, P-256 or Ed25519",
  ),
  "jwks": webAddress.optional().describe("URL that publishes the public keys of tokens"),
  "jwt-issuer": text.optional().describe("required issuer of tokens, their iss"),
  "jwt-audience": text.optional().describe("required audience of tokens, their aud"),
};

export const BACKUPS = {
  "backup-dir": text.optional().describe("folder for regular backups of the tape"),
  "backup-every": durationFrom(1_000).prefault("1d").describe("time between two backups"),
  "backup-keep": count.default(7).describe("number of backups that are kept"),
};

/** Settings that need another setting. */
export const TOGETHER: readonly (readonly [setting: string, needs: string])[] = [
  ["tls-cert", "tls-key"],
  ["tls-key", "tls-cert"],
  ["redirect-port", "tls-cert"],
  ["backup-every", "backup-dir"],
  ["backup-keep", "backup-dir"],
];
