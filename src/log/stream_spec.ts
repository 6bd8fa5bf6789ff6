import { parseDuration } from "../core/duration.ts";

/** The value of `--log nats://HOST:4222,nats://HOST2:4222?stream=tickwire&replicas=3`. */
export interface StreamSpec {
  readonly servers: readonly string[];
  readonly user?: string;
  readonly password?: string;
  readonly token?: string;
  /** Files with NATS credentials, a CA certificate, a client certificate and its key. */
  readonly creds?: string;
  readonly ca?: string;
  readonly cert?: string;
  readonly key?: string;
  /** Whether to use TLS: with `tls://`, or with a certificate file. */
  readonly tls: boolean;
  /** The name of the stream and the prefix of its buckets. */
  readonly stream: string;
  /** Number of servers that store each entry. */
  readonly replicas: number;
  /** Time between copies of a tape for new replicas. */
  readonly copiesMs: number;
}

const DEFAULT_PORT = 4222;
const FILES = ["creds", "ca", "cert", "key"] as const;

/** @throws {RangeError} */
export function parseStreamSpec(text: string): StreamSpec {
  const [addresses = "", ...rest] = text.split("?");
  const query = rest.join("?");
  const fail = (why: string): never => {
    throw new RangeError(`Cannot use log ${shown(text)}: ${why}`);
  };
  const urls = addresses.split(",").map((address) => {
    const url = URL.parse(address);
    if (url === null || !/^(?:nats|tls):$/.test(url.protocol) || url.hostname === "") {
      return fail(`${shown(address)} is not a URL such as nats://HOST:4222`);
    }
    return url;
  });
  const params = new URLSearchParams(query);
  const known = ["stream", "replicas", "copies", "user", "password", "token", ...FILES];
  const stray = [...params.keys()].find((name) => !known.includes(name));
  if (stray !== undefined) fail(`it has no option ${stray}, only ${known.join(", ")}`);
  const stream = params.get("stream") ?? "tickwire";
  if (!/^[A-Za-z0-9_-]{1,32}$/.test(stream)) {
    fail(`stream ${JSON.stringify(stream)} is not 1 to 32 letters, digits, _ and -`);
  }
  const replicas = Number(params.get("replicas") ?? 1);
  if (![1, 2, 3, 4, 5].includes(replicas)) fail("replicas must be a number from 1 to 5");
  const copies = params.get("copies") ?? "1h";
  const copiesMs = parseDuration(copies);
  if (copiesMs === undefined || copiesMs < 1_000) {
    fail(`copies=${copies} is not a duration of at least 1s, such as 1h`);
  }
  const [first] = urls;
  const user = params.get("user") ?? decodeURIComponent(first!.username);
  const password = params.get("password") ?? decodeURIComponent(first!.password);
  const token = params.get("token");
  const files = Object.fromEntries(FILES.flatMap((name) => {
    const path = params.get(name);
    return path === null ? [] : [[name, path]];
  }));
  return {
    servers: urls.map(({ hostname, port }) => `${hostname}:${port || DEFAULT_PORT}`),
    ...(user === "" ? {} : { user, password }),
    ...(token === null ? {} : { token }),
    ...files,
    tls: urls.some(({ protocol }) => protocol === "tls:") || "ca" in files || "cert" in files,
    stream,
    replicas,
    copiesMs: copiesMs!,
  };
}

/** The text without user names and passwords. */
function shown(text: string): string {
  return text.replace(/(:\/\/)[^/?#\s"'@,]+@/g, "$1****@")
    .replace(/([?&](?:password|token)=)[^&]+/g, "$1****");
}
