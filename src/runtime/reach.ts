/** Other servers by https and wss, and authorities that are trusted beside the system's. */
import { rootCertificates } from "node:tls";
import { readAuthorities } from "./certificate.ts";

/** How this process reaches others. */
export interface Reach {
  fetch(url: string | URL, init?: RequestInit): Promise<Response>;
  readonly WebSocket: new (url: string) => WebSocket;
}

/**
 * @param ca path of a file with the certificates of further authorities; absent means the system's alone
 * @throws {RangeError} when there is none in it
 */
export function reachWith(ca: string | undefined): Reach {
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

/** The same for a relay, which tells what it cannot trust. */
export function upstreamReach(ca?: string) {
  return { ...reachWith(ca), fault: trustFault };
}

/** What is wrong with the certificate of a server; by the code of one runtime, or the words of another. */
const FAULTS: readonly (readonly [pattern: RegExp, fault: string])[] = [
  [
    /UNABLE_TO_(?:VERIFY|GET_ISSUER)|SELF_SIGNED_CERT_IN_CHAIN|UnknownIssuer/,
    "nobody knows the authority that has signed it; if it is a private one, name it with --ca",
  ],
  [
    /SELF_SIGNED|CaUsedAsEndEntity/,
    "it is signed by itself; if it is right, name it with --ca",
  ],
  [/CERT_HAS_EXPIRED|certificate: (?:certificate )?[Ee]xpired/, "it has expired"],
  [
    /CERT_NOT_YET_VALID|certificate: (?:certificate )?not ?(?:yet ?valid|valid yet)/i,
    "it is not valid yet",
  ],
  [/ALTNAME_INVALID|not ?valid ?for ?name/i, "it is that of another host"],
];
const NO_TLS = /EPROTO|InvalidContentType|WRONG_VERSION_NUMBER/;

/** Why a server cannot be trusted, in words; `undefined` when it failed for another reason. */
export function trustFault(error: unknown): string | undefined {
  const { code = "", message = "", cause } = error as { [name: string]: unknown };
  const inner = (cause as { message?: string } | undefined)?.message ?? "";
  const said = `${code} ${message} ${inner}`;
  const fault = FAULTS.find(([pattern]) => pattern.test(said))?.[1];
  if (fault !== undefined) return `its certificate cannot be trusted: ${fault}`;
  return NO_TLS.test(said) ? "it does not speak TLS at that port" : undefined;
}
