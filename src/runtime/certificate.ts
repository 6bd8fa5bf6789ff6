/** Reads the operator's certificate files: https://www.rfc-editor.org/rfc/rfc7468 */
import { createPrivateKey, type KeyObject, X509Certificate } from "node:crypto";
import { readFileSync } from "node:fs";
import { ListenError, type TlsPair } from "./listener.ts";

export interface TlsFiles {
  readonly cert: string;
  readonly key: string;
}

const CERTIFICATE = /-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g;

/**
 * Reads a certificate, which its chain may follow, and its private key.
 * @param now milliseconds since the epoch
 * @throws {ListenError} for files that cannot be used
 */
export function readPair(files: TlsFiles, now: number): TlsPair & { readonly validTo: number } {
  const [cert, key] = [read(files.cert), read(files.key)];
  const first = certificatesIn(cert)[0];
  if (first === undefined) throw bad(files.cert, "there is no certificate in it");
  const { certificate, validFrom, validTo } = opened(first, files.cert);
  if (now >= validTo) throw bad(files.cert, `it expired on ${dateOf(validTo)}`);
  if (now < validFrom) throw bad(files.cert, `it is valid only from ${dateOf(validFrom)} on`);
  if (!certificate.checkPrivateKey(openedKey(key, files.key))) {
    throw bad(files.key, `it is not the key of the certificate in ${files.cert}`);
  }
  return { cert, key, validTo };
}

/**
 * Reads the certificates of authorities to trust.
 * @throws {RangeError} if the file has none
 */
export function readAuthorities(path: string): string[] {
  let text: string;
  try {
    text = readFileSync(path, "utf8");
  } catch (cause) {
    throw new RangeError(`Cannot read authority ${path}: ${reasonOf(cause)}`, { cause });
  }
  const found = certificatesIn(text);
  if (found.length > 0) return found;
  throw new RangeError(`Cannot use authority ${path}: there is no certificate in it`);
}

function certificatesIn(text: string): string[] {
  return text.match(CERTIFICATE) ?? [];
}

function opened(pem: string, path: string) {
  try {
    const certificate = new X509Certificate(pem);
    const { validFrom, validTo } = certificate;
    return { certificate, validFrom: Date.parse(validFrom), validTo: Date.parse(validTo) };
  } catch (cause) {
    throw bad(path, "the certificate in it is damaged", cause);
  }
}

function openedKey(pem: string, path: string): KeyObject {
  if (pem.includes("ENCRYPTED")) throw bad(path, "the key is encrypted: write it without one");
  try {
    return createPrivateKey(pem);
  } catch (cause) {
    throw bad(path, "there is no private key in it", cause);
  }
}

function read(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch (cause) {
    throw bad(path, reasonOf(cause), cause);
  }
}

function reasonOf(cause: unknown): string {
  const { code, message } = cause as { code?: string; message: string };
  if (code === "ENOENT") return "there is no such file";
  if (code === "EACCES" || code === "EPERM") return "this user has no right to read it";
  return code === "EISDIR" ? "it is a folder" : message;
}

function dateOf(time: number): string {
  return new Date(time).toISOString();
}

function bad(path: string, reason: string, cause?: unknown): ListenError {
  return new ListenError(`Cannot serve TLS with ${path}: ${reason}`, { cause });
}
