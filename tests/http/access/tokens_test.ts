import assert from "node:assert/strict";
import { generateKeyPairSync, type KeyObject } from "node:crypto";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, describe, test } from "node:test";
import { importSPKI, SignJWT } from "jose";
import { HttpError } from "../../../src/http/http_error.ts";
import { readPublicKey, Tokens } from "../../../src/http/access/tokens.ts";
import { forged, SECRET, token } from "../../helpers/tokens.ts";

const folder = mkdtempSync(join(tmpdir(), "tickwire-tokens-"));
after(() => rmSync(folder, { recursive: true }));

const pairs = {
  RS256: generateKeyPairSync("rsa", { modulusLength: 2_048 }),
  ES256: generateKeyPairSync("ec", { namedCurve: "P-256" }),
  EdDSA: generateKeyPairSync("ed25519"),
};

function file(name: string, key: KeyObject, type: "spki" | "pkcs8"): string {
  const path = join(folder, name);
  writeFileSync(path, key.export({ type, format: "pem" }));
  return path;
}

const publicFile = (alg: keyof typeof pairs) => file(`${alg}.pem`, pairs[alg].publicKey, "spki");
const signed = (alg: string, key: KeyObject, claims = {}) =>
  new SignJWT({ read: ["A"], ...claims }).setProtectedHeader({ alg }).sign(key);

/** The code of the refusal, or the patterns that may be read. */
async function verdict(tokens: Tokens, text: string): Promise<string> {
  try {
    return (await tokens.grantOf(text, "Cannot GET /snapshot")).read.key;
  } catch (error) {
    assert.ok(error instanceof HttpError, String(error));
    assert.match(error.message, /^Cannot GET \/snapshot\b.*[^.]$/);
    assert.ok(!error.message.includes(text));
    return error.code;
  }
}

describe("Tokens", () => {
  for (const alg of ["RS256", "ES256", "EdDSA"] as const) {
    test(`A key in a file verifies ${alg} and no other algorithm`, async () => {
      const publicKey = readPublicKey(publicFile(alg));
      const tokens = new Tokens({ publicKey, now: Date.now });
      assert.equal(await verdict(tokens, await signed(alg, pairs[alg].privateKey)), "A");
      for (const [other, { privateKey }] of Object.entries(pairs)) {
        if (other === alg) continue;
        assert.equal(await verdict(tokens, await signed(other, privateKey)), "bad_token");
      }
      // The public key must not work as the secret of a symmetric signature.
      const known = publicKey.key.export({ type: "spki", format: "pem" }).toString();
      const header = { alg: "HS256" };
      assert.equal(await verdict(tokens, forged(header, { aud: undefined }, known)), "bad_token");
    });
  }

  test("A file without a usable public key is refused in words", () => {
    const { privateKey, publicKey } = generateKeyPairSync("ec", { namedCurve: "P-384" });
    const wrong: [string, RegExp][] = [
      [join(folder, "none.pem"), /there is no such file$/],
      [file("private.pem", pairs.ES256.privateKey, "pkcs8"), /there is a private key in it$/],
      [file("p384.pem", publicKey, "spki"), /it is ec secp384r1, expected an RSA key/],
    ];
    assert.ok(privateKey);
    writeFileSync(join(folder, "junk.pem"), "junk");
    wrong.push([join(folder, "junk.pem"), /there is no public key in it$/]);
    for (const [path, words] of wrong) assert.throws(() => readPublicKey(path), words);
  });

  test("A token is valid from nbf to exp, to the second", async () => {
    let now = 1_000_000_000_000;
    const tokens = new Tokens({ secret: SECRET, audience: "x", now: () => now });
    const text = await token({ read: ["A"], aud: "x", nbf: 1_000_000_010, exp: 1_000_000_020 });
    assert.equal(await verdict(tokens, text), "bad_token");
    now += 10_000;
    assert.equal(await verdict(tokens, text), "A");
    now += 10_000;
    assert.equal(await verdict(tokens, text), "token_expired");
  });

  test("Issuer and audience must match the server's, and a server without a name accepts no audience", async () => {
    const now = Date.now;
    const named = new Tokens({ secret: SECRET, issuer: "me", audience: "here", now });
    const nameless = new Tokens({ secret: SECRET, now });
    const of = (claims: object) => token({ read: ["A"], aud: undefined, ...claims });
    assert.equal(await verdict(named, await of({ iss: "me", aud: "here" })), "A");
    assert.equal(await verdict(named, await of({ iss: "me", aud: ["there", "here"] })), "A");
    assert.equal(await verdict(named, await of({ iss: "you", aud: "here" })), "bad_token");
    assert.equal(await verdict(named, await of({ iss: "me" })), "bad_token");
    assert.equal(await verdict(nameless, await of({ iss: "you" })), "A");
    assert.equal(await verdict(nameless, await of({ aud: "here" })), "bad_token");
  });

  test("Claims of the wrong type are refused", async () => {
    const tokens = new Tokens({ secret: SECRET, now: Date.now });
    const wrong = [{ read: "A" }, { read: [1] }, { write: { A: 1 } }, { rooms: ["a b"] }];
    for (const claims of [...wrong, { read: ["A*B"] }, { rate: 0 }, { rate: "5" }]) {
      const text = await token({ aud: undefined, ...claims });
      assert.equal(await verdict(tokens, text), "bad_token", JSON.stringify(claims));
    }
    assert.equal(await verdict(tokens, await token({ aud: undefined })), "");
  });

  test("A token whose key cannot be requested is not refused permanently", async () => {
    const { publicKey, privateKey } = pairs.ES256;
    const issuer = { isAway: true, key: undefined as CryptoKey | undefined };
    const keySet = {
      keyFor: () => Promise.resolve(issuer.key),
      get isAway() {
        return issuer.isAway;
      },
    };
    const tokens = new Tokens({ keySet, now: Date.now });
    const text = await signed("ES256", privateKey);
    await assert.rejects(tokens.grantOf(text, "Cannot"), {
      status: 503,
      code: "keys_unavailable",
      retryAfter: 10,
    });
    issuer.isAway = false;
    assert.equal(await verdict(tokens, text), "bad_token");
    const pem = publicKey.export({ type: "spki", format: "pem" }).toString();
    issuer.key = await importSPKI(pem, "ES256");
    assert.equal(await verdict(tokens, text), "A");
  });

  test("Many patterns are accepted while the token is not too long", async () => {
    const tokens = new Tokens({ secret: SECRET, now: Date.now });
    const patterns = (count: number) => Array.from({ length: count }, (_, n) => `S${n}*`);
    const of = (count: number) => token({ aud: undefined, read: patterns(count) });
    assert.equal(await verdict(tokens, await of(500)), patterns(500).sort().join(","));
    assert.equal(await verdict(tokens, await of(10_000)), "bad_token");
    assert.equal(
      await verdict(tokens, `${"a".repeat(50_000)}.b.${"c".repeat(50_000)}`),
      "bad_token",
    );
  });
});
