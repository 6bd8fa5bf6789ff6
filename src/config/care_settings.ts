import { z } from "zod";
import { number, text } from "./setting_kinds.ts";

// What a server needs that is in the open: settings of TLS.

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

/** Settings that are of use only with others. */
export const TOGETHER: readonly (readonly [setting: string, needs: string])[] = [
  ["tls-cert", "tls-key"],
  ["tls-key", "tls-cert"],
  ["redirect-port", "tls-cert"],
];
