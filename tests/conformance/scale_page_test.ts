import assert from "node:assert/strict";
import { existsSync, readFileSync } from "node:fs";
import { describe, it } from "node:test";
import { fileURLToPath } from "node:url";
import { parseStreamSpec } from "../../src/log/stream_spec.ts";

const at = (path: string) => fileURLToPath(new URL(`../../${path}`, import.meta.url).href);
const text = (path: string) => readFileSync(at(path), "utf8");

describe("docs/scale.md", () => {
  const page = text("docs/scale.md");
  const names = (pattern: RegExp) => [...page.matchAll(pattern)].map(([, name]) => name!);

  it("It describes exactly the options of --log", () => {
    let known: string[] = [];
    assert.throws(() => parseStreamSpec("nats://host?x=1"), ({ message }: Error) => {
      known = /it has no option x, only (.*)$/.exec(message)![1]!.split(", ");
      return true;
    });
    assert.deepEqual(names(/^\| `(\w+)=/gm).sort(), known.sort());
  });

  it("Files and metrics that it names exist", () => {
    const files = names(/`((?:deploy|tests|src)\/[\w/.-]+)`/g);
    assert.ok(files.length > 5);
    for (const name of files) assert.ok(existsSync(at(name)), name);
    const told = [...text("src/http/metric_registry.ts").matchAll(/"([a-z_]+)"/g)].map(([, name]) =>
      name
    );
    const [watch] = /^## Watch it$[^]*?^## /m.exec(page)!;
    const asked = [...watch.matchAll(/`tickwire_(?:feed_)?(\w+)/g)].map(([, name]) => name!);
    assert.ok(asked.length > 3);
    assert.deepEqual(asked.filter((name) => !told.includes(name)), []);
  });
});
