import assert from "node:assert/strict";
import { existsSync, readFileSync } from "node:fs";
import { describe, test } from "node:test";
import { fileURLToPath } from "node:url";
import { faultsOf } from "./schema.ts";
import { BASE, serve, type TestApp } from "./serve.ts";

interface Param {
  readonly paramName: string;
  readonly type: string;
  readonly value?: string;
  readonly optionsEndpoint?: string;
  readonly multiSelect?: boolean;
  readonly options?: { readonly label: string; readonly value: string }[];
}

interface Widget {
  readonly name: string;
  readonly description: string;
  readonly type: string;
  readonly endpoint: string;
  readonly wsEndpoint?: string;
  readonly params?: Param[];
  readonly data?: {
    readonly wsRowIdColumn?: string;
    readonly table?: { readonly columnsDefs?: { field: string; headerName: string }[] };
  };
}

type Widgets = Record<string, Widget>;

const pathOf = (path: string) => fileURLToPath(new URL(`../../${path}`, import.meta.url).href);
const SCHEMA = pathOf("../shared/compat/openbb-widgets.schema.json");

/** The address that a client makes of an endpoint and the defaults of its params. */
function withDefaults(endpoint: string, { params = [] }: Widget): string {
  const query = new URLSearchParams(
    params.flatMap(({ paramName, value }) => value === undefined ? [] : [[paramName, value]]),
  );
  return `/${endpoint}?${query}`;
}

async function filled(): Promise<TestApp> {
  const server = serve();
  const symbols = "S1 S2 S3 S4 S5 S6".split(" ");
  await server.send(...symbols.map((symbol, index) => ({ symbol, price: index + 1 })));
  return server;
}

describe("GET /widgets.json", () => {
  test("Every endpoint of widgets.json answers 200 on its defaults", async () => {
    for (const server of [serve(), await filled()]) {
      const widgets = await server.get<Widgets>("/widgets.json");
      assert.ok(Object.keys(widgets).length > 0);
      for (const [id, widget] of Object.entries(widgets)) {
        const response = await server.request(withDefaults(widget.endpoint, widget));
        assert.equal(response.status, 200, id);
        for (const { optionsEndpoint } of widget.params ?? []) {
          if (optionsEndpoint === undefined) continue;
          const options = await server.get(`/${optionsEndpoint}`);
          for (const option of options) assert.deepEqual(Object.keys(option), ["label", "value"]);
        }
      }
    }
  });

  test("Every wsEndpoint of widgets.json is accepted for an upgrade", async () => {
    const server = await filled();
    const widgets = await server.get<Widgets>("/widgets.json");
    const sockets = Object.values(widgets).filter(({ wsEndpoint }) => wsEndpoint !== undefined);
    assert.ok(sockets.length > 0);
    for (const { wsEndpoint } of sockets) {
      const headers = { upgrade: "websocket", origin: "https://pro.openbb.co" };
      const accept = server.app.upgrade(new Request(`${BASE}/${wsEndpoint}`, { headers }));
      assert.equal(typeof accept, "function", String(wsEndpoint));
    }
  });

  test("Widgets keep the schema of OpenBB Workspace", {
    skip: existsSync(SCHEMA) ? false : "there is no schema",
  }, async () => {
    const schema = JSON.parse(readFileSync(SCHEMA, "utf8"));
    const widgets = await (await filled()).get<Widgets>("/widgets.json");
    assert.deepEqual(faultsOf(widgets, schema), []);
    const { type: _, ...untyped } = Object.values(widgets)[0]!;
    assert.notDeepEqual(faultsOf({ quotes: untyped }, schema), []);
    assert.notDeepEqual(faultsOf({ quotes: { ...untyped, type: "grid" } }, schema), []);
  });

  test("Widgets say what each client needs to know", async () => {
    const widgets = await (await filled()).get<Widgets>("/widgets.json");
    for (const [id, widget] of Object.entries(widgets)) {
      for (const field of ["name", "description", "type", "endpoint"] as const) {
        assert.ok(widget[field], `${id} ${field}`);
      }
      for (const { paramName, type, options, value } of widget.params ?? []) {
        assert.ok(paramName && type, id);
        if (options !== undefined) assert.ok(options.some((option) => option.value === value), id);
      }
    }
  });

  test("Columns of the live grid are fields of a row, and its id is among them", async () => {
    const server = await filled();
    const [row] = await server.get("/snapshot");
    const widgets = await server.get<Widgets>("/widgets.json");
    const grids = Object.values(widgets).filter(({ type }) => type === "live_grid");
    assert.ok(grids.length > 0);
    for (const { data } of grids) {
      const columns = data!.table!.columnsDefs!;
      for (const { field, headerName } of columns) {
        assert.ok(field in row!, field);
        assert.ok(headerName, field);
      }
      assert.ok(columns.some(({ field }) => field === data!.wsRowIdColumn));
    }
  });

  test("Default symbols are the first five instruments, or those of the checked-in file", async () => {
    const valuesOf = (widgets: Widgets) =>
      Object.values(widgets).map(({ params = [] }) =>
        params.find(({ paramName }) => paramName === "symbol")?.value
      );
    const bare = await serve().get<Widgets>("/widgets.json");
    const file = JSON.parse(readFileSync(pathOf("widgets.json"), "utf8"));
    assert.deepEqual(bare, file);
    const widgets = await (await filled()).get<Widgets>("/widgets.json");
    assert.deepEqual(new Set(valuesOf(widgets)), new Set(["S1,S2,S3,S4,S5", "S1"]));
    assert.deepEqual(await serve().get<Widgets>("/widgets.json"), file);
  });

  test("The ETag of widgets.json follows its content", async () => {
    const server = serve();
    const ask = async (etag?: string | null) => {
      const headers: Record<string, string> = etag ? { "if-none-match": etag } : {};
      const response = await server.request("/widgets.json", { headers });
      await response.body?.cancel();
      return response;
    };
    const etag = (await ask()).headers.get("etag");
    assert.equal((await ask(etag)).status, 304);
    await server.send({ symbol: "NEW", price: 1 });
    const changed = await ask(etag);
    assert.equal(changed.status, 200);
    assert.notEqual(changed.headers.get("etag"), etag);
  });

  test("Options of symbols are labelled with the name where there is one", async () => {
    const server = await filled();
    const options = await server.get("/openbb/symbols");
    assert.equal(options.length, 6);
    assert.deepEqual(options[0], { label: "S1", value: "S1" });
  });
});
