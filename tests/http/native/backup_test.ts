import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { TapeFolder } from "../../helpers/tape_file.ts";
import { TestApp } from "../serve.ts";

describe("GET /backup", () => {
  const folder = new TapeFolder();

  test("waits for a copy that is being made to end", async () => {
    const app = new TestApp(["--tape", `sqlite:${folder.fresh()}`]);
    const first = await app.request("/backup");
    assert.equal(first.status, 200);
    const second = app.request("/backup");
    const bytes = Number(first.headers.get("tickwire-bytes"));
    assert.equal((await first.arrayBuffer()).byteLength, bytes);
    const { status, body } = await second;
    assert.equal(status, 200);
    await body!.cancel();
    await app.app.stop();
  });

  test("is refused if that takes long", { timeout: 60_000 }, async () => {
    const app = new TestApp(["--tape", `sqlite:${folder.fresh()}`]);
    const first = await app.request("/backup");
    const second = await app.request("/backup");
    assert.equal(second.status, 503);
    assert.equal(second.headers.get("retry-after"), "10");
    assert.equal((await second.json()).code, "busy");
    await first.body!.cancel();
    await app.app.stop();
  });
});
