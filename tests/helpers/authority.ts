import { execFileSync, spawnSync } from "node:child_process";
import { createHash, X509Certificate } from "node:crypto";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** Why tests with certificates are skipped; `false` with openssl. */
export const NO_OPENSSL = spawnSync("openssl", ["version"]).status === 0 ? false : "needs openssl";

export interface Leaf {
  readonly cert: string;
  readonly key: string;
}

/** A private certificate authority, made by openssl in a temporary folder. */
export class Authority {
  readonly folder = mkdtempSync(join(tmpdir(), "tickwire-authority-"));
  /** Path of its certificate. */
  readonly ca = this.path("ca.pem");
  #count = 0;

  constructor() {
    const extensions = "basicConstraints=critical,CA:TRUE";
    this.#openssl("req", "-x509", ...this.#newKey("ca"), "-days", "30", "-out", this.ca, ...[
      ...["-subj", `/CN=An authority of tests ${this.folder.slice(-6)}`],
      ...["-addext", extensions],
    ]);
  }

  path(name: string): string {
    return join(this.folder, name);
  }

  /**
   * A certificate for names and addresses such as `DNS:localhost`.
   * @param days valid for; negative means expired
   */
  leaf(names = "DNS:localhost,DNS:ticks.example,IP:127.0.0.1", days = 5): Leaf {
    const name = `leaf${++this.#count}`;
    const [request, cert, extensions] = [".csr", ".pem", ".ext"].map((e) => this.path(name + e));
    writeFileSync(extensions!, `subjectAltName=${names}\n`);
    this.#openssl("req", ...this.#newKey(name), "-subj", `/CN=${name}`, "-out", request!);
    this.#openssl("x509", "-req", "-in", request!, ...["-CA", this.ca], "-CAcreateserial", ...[
      ...["-CAkey", this.path("ca.key"), "-days", String(days)],
      ...["-extfile", extensions!, "-out", cert!],
    ]);
    return { cert: cert!, key: this.path(`${name}.key`) };
  }

  /** The certificate followed by the authority's. */
  chain({ cert, key }: Leaf): Leaf {
    const chain = cert.replace(/\.pem$/, ".chain.pem");
    writeFileSync(chain, readFileSync(cert, "utf8") + readFileSync(this.ca, "utf8"));
    return { cert: chain, key };
  }

  /** Hash of its key, for browsers. */
  get fingerprint(): string {
    const { publicKey } = new X509Certificate(readFileSync(this.ca));
    const der = publicKey.export({ type: "spki", format: "der" });
    return createHash("sha256").update(der as Uint8Array).digest("base64");
  }

  remove(): void {
    rmSync(this.folder, { recursive: true, force: true });
  }

  #newKey(name: string): string[] {
    const curve = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256"];
    return [...curve, "-nodes", "-keyout", this.path(`${name}.key`)];
  }

  #openssl(...args: string[]): void {
    execFileSync("openssl", args, { stdio: "pipe" });
  }
}

/** Flags of a server with this certificate. */
export function tlsFlags({ cert, key }: Leaf): string[] {
  return ["--tls-cert", cert, "--tls-key", key];
}
