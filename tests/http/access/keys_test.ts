import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { EVERYTHING } from "../../../src/hub/grant.ts";
import { Keys } from "../../../src/http/access/keys.ts";
import { HttpError } from "../../../src/http/http_error.ts";

const BASE = "http://server/snapshot";

function request(headers: Record<string, string> = {}, query = ""): Request {
  return new Request(BASE + query, { headers });
}

const withKey = (key: string) => request({ "x-api-key": key });

/** `undefined` when the request is allowed, else the refusal. */
function refusal(keys: Keys, need: "read" | "write", asked: Request): string | undefined {
  try {
    keys.check(asked, need, "Cannot GET /snapshot");
    return undefined;
  } catch (error) {
    assert.ok(error instanceof HttpError, String(error));
    assert.match(error.message, /^Cannot GET \/snapshot\b.*[^.]$/);
    return `${error.status} ${error.code}`;
  }
}

function keysOf(read: string[], write: string[], host = "127.0.0.1"): Keys {
  return new Keys({ read, write, host });
}

describe("Keys", () => {
  test("A key is accepted in every place where a client can send it", () => {
    const keys = keysOf(["first", "s3cret:/+="], []);
    const places: [Record<string, string>, string?][] = [
      [{ "x-api-key": "s3cret:/+=" }],
      [{ authorization: "Bearer s3cret:/+=" }],
      [{ authorization: "bearer  s3cret:/+=" }],
      [{ authorization: "Token s3cret:/+=" }],
      [{ authorization: `Basic ${btoa("anybody:s3cret:/+=")}` }],
      [{}, `?symbol=A&key=${encodeURIComponent("s3cret:/+=")}`],
      [{ "x-api-key": "wrong" }, "?key=first"],
    ];
    for (const [headers, query] of places) {
      const shown = JSON.stringify([headers, query]);
      assert.equal(refusal(keys, "read", request(headers, query)), undefined, shown);
    }
  });

  test("A missing, a wrong and a malformed key are 401, each with its code", () => {
    const keys = keysOf(["reader"], ["writer"]);
    for (const need of ["read", "write"] as const) {
      for (const headers of [{}, { "x-api-key": "" }, { authorization: "Digest reader" }]) {
        assert.equal(refusal(keys, need, request(headers)), "401 key_needed");
      }
      for (const key of ["Reader", "reade", "reader ", "readerx", "é", "a".repeat(5_000)]) {
        const asked = request({}, `?key=${encodeURIComponent(key)}`);
        assert.equal(refusal(keys, need, asked), "401 bad_key", key);
      }
      for (const authorization of ["Basic !!!", "Basic", `Basic ${btoa("reader")}`]) {
        assert.match(refusal(keys, need, request({ authorization }))!, /^401 /);
      }
    }
  });

  test("A read key reads, a write key writes and reads", () => {
    const keys = keysOf(["reader"], ["writer", "other"]);
    assert.equal(refusal(keys, "read", withKey("reader")), undefined);
    assert.equal(refusal(keys, "read", withKey("other")), undefined);
    assert.equal(refusal(keys, "write", withKey("writer")), undefined);
    assert.equal(refusal(keys, "write", withKey("other")), undefined);
    assert.equal(refusal(keys, "write", withKey("reader")), "403 read_only_key");
  });

  test("Without a read key everybody may read, and additional keys in a request do no harm", () => {
    const keys = keysOf([], ["writer"]);
    for (const asked of [request(), withKey("nonsense"), withKey("writer")]) {
      assert.equal(refusal(keys, "read", asked), undefined);
    }
    assert.equal(refusal(keys, "write", withKey("nonsense")), "401 bad_key");
  });

  test("Without a write key only this machine may write, and writing also needs the read key", () => {
    for (const host of ["127.0.0.1", "127.5.0.1", "localhost", "::1"]) {
      assert.ok(keysOf([], [], host).canWrite);
      assert.equal(refusal(keysOf([], [], host), "write", request()), undefined, host);
      const keys = keysOf(["reader"], [], host);
      assert.equal(refusal(keys, "write", request()), "401 key_needed");
      assert.equal(refusal(keys, "write", withKey("reader")), undefined);
    }
    for (const host of ["0.0.0.0", "::", "192.168.1.7", "127.evil.example", "example.com"]) {
      assert.ok(!keysOf([], [], host).canWrite);
      assert.equal(refusal(keysOf([], [], host), "read", request()), undefined);
      for (const keys of [keysOf([], [], host), keysOf(["reader"], [], host)]) {
        assert.equal(refusal(keys, "write", withKey("reader")), "403 no_write_key", host);
      }
      assert.ok(keysOf([], ["writer"], host).canWrite);
      assert.equal(refusal(keysOf([], ["writer"], host), "write", withKey("writer")), undefined);
    }
  });

  test("readKeyFor returns the read key of the request, and never a write key", () => {
    const keys = keysOf(["one", "two"], ["writer"]);
    assert.equal(keys.readKeyFor(withKey("two"), EVERYTHING), "two");
    assert.equal(
      keys.readKeyFor(request({ "x-api-key": "writer" }, "?key=two"), EVERYTHING),
      "two",
    );
    assert.equal(keys.readKeyFor(withKey("writer"), EVERYTHING), "one");
    assert.equal(keysOf([], ["writer"]).readKeyFor(withKey("writer"), EVERYTHING), undefined);
    for (const asked of [request(), withKey("nonsense")]) {
      assert.equal(keys.readKeyFor(asked, EVERYTHING), undefined);
    }
  });
});
