import assert from "node:assert/strict";
import { generateKeyPairSync } from "node:crypto";
import { describe, test } from "node:test";
import { KeySet } from "../../../src/http/access/key_set.ts";

/** A published key with this id. */
function published(kid: string): object {
  const { publicKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
  return { ...publicKey.export({ format: "jwk" }), kid, alg: "ES256" };
}

class Issuer {
  keys: object[] | string = [];
  now = 1_000_000;
  asked = 0;
  readonly warnings: string[] = [];
  readonly set = new KeySet({
    url: "https://issuer.example/keys",
    fetch: () => {
      this.asked++;
      return typeof this.keys === "string"
        ? Promise.reject(new Error(this.keys))
        : Promise.resolve(Response.json({ keys: this.keys }));
    },
    now: () => this.now,
    warn: (message) => void this.warnings.push(message),
  });

  async has(kid: string): Promise<boolean> {
    return await this.set.keyFor("ES256", kid) !== undefined;
  }
}

describe("KeySet", () => {
  test("Keys are requested once, and again when a token names a new key", async () => {
    const issuer = new Issuer();
    issuer.keys = [published("a")];
    assert.deepEqual(await Promise.all([issuer.has("a"), issuer.has("a")]), [true, true]);
    assert.equal(issuer.asked, 1);
    issuer.keys = [published("b")];
    assert.equal(await issuer.has("b"), false, "whoever makes ids up does not make us ask at once");
    issuer.now += 30_000;
    assert.deepEqual([await issuer.has("b"), issuer.asked], [true, 2]);
    assert.equal(await issuer.has("a"), false, "a key that is no longer published does not count");
  });

  test("A revoked key is refused after ten minutes at the latest", async () => {
    const issuer = new Issuer();
    issuer.keys = [published("a"), published("b")];
    assert.equal(await issuer.has("a"), true);
    issuer.keys = [published("b")];
    issuer.now += 599_999;
    assert.equal(await issuer.has("a"), true);
    issuer.now += 1;
    assert.deepEqual([await issuer.has("a"), await issuer.has("b")], [false, true]);
  });

  test("Known keys stay valid while the issuer is away, and the operator is told once", async () => {
    const issuer = new Issuer();
    issuer.keys = "connection refused";
    assert.deepEqual([await issuer.has("a"), issuer.set.isAway], [false, true]);
    assert.match(issuer.warnings[0]!, /connection refused; there are none$/);
    issuer.keys = [published("a")];
    issuer.now += 30_000;
    assert.deepEqual([await issuer.has("a"), issuer.set.isAway], [true, false]);
    issuer.keys = "connection refused";
    for (let day = 0; day < 3; day++) {
      issuer.now += 86_400_000;
      assert.equal(await issuer.has("a"), true);
    }
    assert.equal(issuer.warnings.length, 2);
    assert.match(issuer.warnings[1]!, /those that are known go on$/);
  });

  test("A malformed set of keys removes no key", async () => {
    const issuer = new Issuer();
    issuer.keys = [published("a")];
    assert.equal(await issuer.has("a"), true);
    for (const keys of [[7], "it answers 500"] as unknown as string[]) {
      issuer.keys = keys;
      issuer.now += 600_000;
      assert.equal(await issuer.has("a"), true);
    }
    assert.equal(issuer.warnings.length, 2);
  });
});
