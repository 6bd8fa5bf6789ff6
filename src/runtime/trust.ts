/** Connects to other servers by https and wss, with more authorities than the system trusts. */
import { rootCertificates } from "node:tls";
import { readAuthorities } from "./certificate.ts";

/** Functions that connect to other servers. */
export interface TrustedFetch {
  fetch(url: string | URL, init?: RequestInit): Promise<Response>;
  readonly WebSocket: new (url: string) => WebSocket;
}

/**
 * @param ca file with the certificates of more authorities; undefined means only those of the system
 * @throws {RangeError} if the file has no certificate
 */
export function trusting(ca: string | undefined): TrustedFetch {
  if (ca === undefined) return { fetch: (url, init) => fetch(url, init), WebSocket };
  const options = optionsFor(readAuthorities(ca));
  return {
    fetch: (url, init) => fetch(url, { ...init, ...options } as RequestInit),
    WebSocket: class extends WebSocket {
      constructor(url: string) {
        super(url, options as unknown as string);
      }
    },
  };
}

/** https://bun.com/docs/runtime/networking/fetch#tls and https://docs.deno.com/api/deno/~/Deno.createHttpClient */
function optionsFor(authorities: readonly string[]): object {
  if ("Bun" in globalThis) return { tls: { ca: [...rootCertificates, ...authorities] } };
  return { client: Deno.createHttpClient({ caCerts: [...authorities] }) };
}

/** The same for a relay, with reasons why a server is not trusted. */
export function trustingUpstream(ca?: string) {
  return { ...trusting(ca), fault: trustFault };
}

/** Reasons for an invalid certificate, by error code (Bun) or error message (Deno). */
const FAULTS: readonly (readonly [pattern: RegExp, fault: string])[] = [
  [
    /UNABLE_TO_(?:VERIFY|GET_ISSUER)|SELF_SIGNED_CERT_IN_CHAIN|UnknownIssuer/,
    "no known authority has signed it; if it has a private one, name that with --ca",
  ],
  [
    /SELF_SIGNED|CaUsedAsEndEntity/,
    "it is self-signed; if it is right, name it with --ca",
  ],
  [/CERT_HAS_EXPIRED|certificate: (?:certificate )?[Ee]xpired/, "it has expired"],
  [
    /CERT_NOT_YET_VALID|certificate: (?:certificate )?not ?(?:yet ?valid|valid yet)/i,
    "it is not valid yet",
  ],
  [/ALTNAME_INVALID|not ?valid ?for ?name/i, "it is for another host"],
];
const NO_TLS = /EPROTO|InvalidContentType|WRONG_VERSION_NUMBER/;

/** Why a server's certificate is not trusted; `undefined` for other errors. */
export function trustFault(error: unknown): string | undefined {
  const { code = "", message = "", cause } = error as { [name: string]: unknown };
  const inner = (cause as { message?: string } | undefined)?.message ?? "";
  const said = `${code} ${message} ${inner}`;
  const fault = FAULTS.find(([pattern]) => pattern.test(said))?.[1];
  if (fault !== undefined) return `its certificate cannot be trusted: ${fault}`;
  return NO_TLS.test(said) ? "it does not speak TLS at that port" : undefined;
}
