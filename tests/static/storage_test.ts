import assert from "node:assert/strict";
import { test } from "node:test";
import { onUnstored, recall, recallJson, remember, rememberJson } from "../../static/storage.js";

/** A storage of the page that can be full. */
class Storage {
  readonly kept = new Map<string, string>();
  isFull = false;
  getItem(name: string) {
    return this.kept.get(name) ?? null;
  }
  setItem(name: string, value: string) {
    if (this.isFull) throw new DOMException("full", "QuotaExceededError");
    this.kept.set(name, value);
  }
  removeItem(name: string) {
    this.kept.delete(name);
  }
}

test("A value that does not fit is kept until the page closes, and reported", () => {
  const storage = new Storage();
  Object.defineProperty(globalThis, "localStorage", { value: storage, configurable: true });
  const told: string[] = [];
  onUnstored((name) => told.push(name));
  remember("theme", "dark");
  assert.equal(storage.kept.get("tickwire.theme"), "dark");
  storage.isFull = true;
  remember("theme", "light");
  assert.equal(recall("theme"), "light");
  assert.deepEqual(told, ["theme"]);
  storage.isFull = false;
  remember("theme", "dark");
  assert.equal(recall("theme"), "dark");
});

test("A value that is not JSON is treated as absent", () => {
  remember("lists", "{not json");
  assert.equal(recallJson("lists"), null);
  rememberJson("lists", [1]);
  assert.deepEqual(recallJson("lists"), [1]);
  assert.equal(recallJson("nothing"), null);
});
