import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { describe, test } from "node:test";
import { fileURLToPath } from "node:url";
import { ASSETS } from "../../../src/http/page/assets.ts";
import { EXTRA_MODULES } from "../../../src/http/page/extra_assets.ts";
import { serve, type TestApp } from "../serve.ts";

const TYPES: Record<string, string> = {
  html: "text/html; charset=utf-8",
  css: "text/css; charset=utf-8",
  js: "text/javascript; charset=utf-8",
  svg: "image/svg+xml",
};

async function unzipped(response: Response): Promise<string> {
  return await new Response(response.body!.pipeThrough(new DecompressionStream("gzip"))).text();
}

async function etagOf(server: TestApp, path: string, headers = {}): Promise<string> {
  const response = await server.request(path, { headers });
  await response.body?.cancel();
  return response.headers.get("etag")!;
}

describe("The page", () => {
  test("Every file of the page is served with its type and the content in static", async () => {
    const server = serve();
    for (const [path, { text }] of Object.entries(ASSETS)) {
      const response = await server.request(path);
      assert.equal(response.status, 200, path);
      const ending = path.split(".").at(1) ?? "html";
      assert.equal(response.headers.get("content-type"), TYPES[ending], path);
      assert.equal(response.headers.get("x-content-type-options"), "nosniff", path);
      assert.equal(await response.text(), text, path);
    }
    const index = readFileSync(
      fileURLToPath(new URL("../../../static/index.html", import.meta.url).href),
      "utf8",
    );
    const preload = /^ *<link rel="modulepreload" href="(.*)">\n/gm;
    assert.equal(ASSETS["/"]!.text.replaceAll(preload, ""), index);
  });

  test("The page preloads every module, except those that are used later", async () => {
    const page = await (await serve().request("/")).text();
    const told = [...page.matchAll(/rel="modulepreload" href="(.*?)"/g)].map(([, path]) =>
      `/${path}`
    );
    const modules = Object.keys(ASSETS).filter((path) => path.endsWith(".js"));
    const later = ["first_paint.js", ...Object.keys(EXTRA_MODULES)].map((name) =>
      `/static/${name}`
    );
    assert.deepEqual(told.sort(), modules.filter((path) => !later.includes(path)).sort());
  });

  test("The page weighs at most 120 KB at first, and 150 KB with all later parts", async () => {
    const weigh = async (paths: string[]) => {
      const sizes = await Promise.all(paths.map(async (path) => {
        const zipped = new Blob([ASSETS[path]!.text]).stream()
          .pipeThrough(new CompressionStream("gzip"));
        return (await new Response(zipped).arrayBuffer()).byteLength;
      }));
      return sizes.reduce((a, b) => a + b);
    };
    const all = Object.keys(ASSETS).filter((path) => path !== "/chart");
    const later = ["extras.css", ...Object.keys(EXTRA_MODULES)].map((name) => `/static/${name}`);
    const first = await weigh(all.filter((path) => !later.includes(path)));
    assert.ok(first < 120_000, `${first} bytes`);
    const total = await weigh(all);
    assert.ok(total < 150_000, `${total} bytes`);
  });

  test("Modules are served without comments, with the same lines", () => {
    for (const [path, { text }] of Object.entries(ASSETS)) {
      if (!path.endsWith(".js") || path === "/static/uplot.js") continue;
      const source = readFileSync(
        fileURLToPath(new URL(`../../..${path}`, import.meta.url).href),
        "utf8",
      ).split("\n");
      const served = text.split("\n");
      assert.equal(served.length, source.length, path);
      let isComment = false;
      source.forEach((line, index) => {
        if (served[index] === line) return;
        isComment ||= /^\s*\/[/*]/.test(line);
        assert.ok(isComment && served[index] === "", `${path}:${index + 1}: ${line}`);
        if (/^\s*\/\/|\*\/\s*$/.test(line)) isComment = false;
      });
    }
    const { text } = ASSETS["/static/main.js"]!;
    assert.doesNotMatch(text, /^\s*\/[/*].*[^/]$/m);
    assert.match(ASSETS["/static/client.js"]!.text, /@typedef/);
  });

  test("The page names only files that are served", async () => {
    const server = serve();
    const texts = Object.values(ASSETS).filter(({ text }) => text.length < 50_000);
    const found = new Set<string>();
    for (const { text } of texts) {
      for (const [, name] of text.matchAll(/(?:src|href)="([^":#]+)"/g)) {
        found.add(new URL(name!, "http://localhost/").pathname);
      }
      for (const [, name] of text.matchAll(/from "(\.?\/[^"]+)"/g)) {
        found.add(new URL(name!, "http://localhost/static/").pathname);
      }
    }
    assert.ok(found.size > 3);
    for (const path of found) assert.ok((await server.request(path)).ok, path);
  });

  test("Only allowed origins may put the chart into a frame", async () => {
    const server = serve("--origin", "https://a.example", "--origin", "http://b.example:1");
    const response = await server.request("/chart?symbol=AAPL&theme=dark");
    const policy = response.headers.get("content-security-policy")!;
    assert.match(policy, /frame-ancestors 'self' https:\/\/a\.example http:\/\/b\.example:1(;|$)/);
    assert.match(policy, /default-src 'none'/);
    assert.doesNotMatch(policy, /unsafe/);
    assert.equal(response.headers.get("x-frame-options"), null);
  });

  test("A matching ETag is answered with 304 without a body, compressed or not", async () => {
    const server = serve();
    for (const path of ["/", "/static/uplot.js"]) {
      for (const headers of [{}, { "accept-encoding": "gzip" }]) {
        const etag = await etagOf(server, path, headers);
        assert.ok(etag, path);
        const again = await server.request(path, {
          headers: { ...headers, "if-none-match": etag },
        });
        assert.deepEqual([again.status, await again.text()], [304, ""], path);
        const changed = await server.request(path, { headers: { "if-none-match": '"other"' } });
        assert.equal(changed.status, 200);
        assert.equal(changed.headers.get("cache-control"), "no-cache");
      }
    }
    assert.notEqual(await etagOf(server, "/"), await etagOf(server, "/static/main.js"));
  });

  test("Texts are compressed for clients that accept it, with Vary", async () => {
    const server = serve();
    const path = "/static/uplot.js";
    const zipped = await server.request(path, { headers: { "accept-encoding": "br, gzip" } });
    assert.equal(zipped.headers.get("content-encoding"), "gzip");
    assert.match(zipped.headers.get("vary")!, /accept-encoding/i);
    assert.equal(await unzipped(zipped), ASSETS[path]!.text);
    const accepted = { "": null, identity: null, "gzip;q=0": null, "gzip; q=0.5": "gzip" };
    for (const [value, encoding] of Object.entries(accepted)) {
      const headers: Record<string, string> = value === "" ? {} : { "accept-encoding": value };
      const answer = await server.request(path, { headers });
      assert.equal(answer.headers.get("content-encoding"), encoding, value);
      assert.match(answer.headers.get("vary")!, /accept-encoding/i);
    }
  });

  test("JSON answers are compressed too, except small ones", async () => {
    const server = serve();
    await server.send(
      ...Array.from({ length: 100 }, (_, index) => ({ symbol: `S${index}`, price: 1 })),
    );
    const headers = { "accept-encoding": "gzip" };
    const large = await server.request("/snapshot", { headers });
    assert.equal(large.headers.get("content-encoding"), "gzip");
    assert.match(large.headers.get("tickwire-position")!, /:100$/);
    assert.equal(JSON.parse(await unzipped(large)).length, 100);
  });

  test("HEAD answers as GET without a body", async () => {
    const server = serve();
    for (const path of ["/", "/static/main.js", "/snapshot", "/healthz"]) {
      const [get, head] = [
        await server.request(path),
        await server.request(path, { method: "HEAD" }),
      ];
      assert.deepEqual([head.status, await head.text()], [200, ""], path);
      for (const name of ["content-type", "etag", "cache-control", "tickwire-position"]) {
        assert.equal(head.headers.get(name), get.headers.get(name), `${path} ${name}`);
      }
    }
  });

  test("The browser's request for an icon is no error", async () => {
    assert.equal((await serve().request("/favicon.ico")).status, 204);
  });
});
