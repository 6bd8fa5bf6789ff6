import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { describe, test } from "node:test";
import { Hono } from "hono";
import { EVERYTHING } from "../../../src/hub/grant.ts";
import { fileURLToPath } from "node:url";
import { Ajv } from "ajv";
import { Catalogue } from "../../../src/core/instrument.ts";
import { widgetRoutes } from "../../../src/http/openbb/widgets.ts";
import { BASE, serve, type TestApp } from "../serve.ts";

interface Param {
  readonly paramName: string;
  readonly type: string;
  readonly value?: string;
  readonly optionsEndpoint?: string;
  readonly groupById?: string;
  readonly multiSelect?: boolean;
  readonly show?: boolean;
  readonly options?: { readonly label: string; readonly value: string }[];
}

interface Column {
  readonly field: string;
  readonly headerName: string;
  readonly enableCellChangeWs?: boolean;
  readonly renderFnParams?: {
    readonly colorValueKey?: string;
    readonly groupBy?: { readonly paramName: string };
  };
}

interface Widget {
  readonly name: string;
  readonly description: string;
  readonly type: string;
  readonly endpoint: string;
  readonly wsEndpoint?: string;
  readonly params: Param[];
  readonly data?: {
    readonly wsRowIdColumn?: string;
    readonly defaultSymbol?: string;
    readonly updateFrequency?: number;
    readonly table?: { readonly columnsDefs: Column[] };
  };
}

type Widgets = Record<string, Widget>;

interface App {
  readonly tabs: Record<
    string,
    { id: string; name: string; layout: { i: string; groups: string[] }[] }
  >;
  readonly groups: {
    readonly name: string;
    readonly type: string;
    readonly paramName: string;
    readonly defaultValue: string;
    readonly widgetIds: string[];
  }[];
}

const fileOf = (path: string) =>
  JSON.parse(
    readFileSync(fileURLToPath(new URL(`../../../${path}`, import.meta.url).href), "utf8"),
  );

/** Errors by one of the schemas of OpenBB Workspace; empty for a valid value. */
function faultsOf(name: string, value: unknown): string[] {
  const check = new Ajv({ strict: false, allErrors: true, validateFormats: false })
    .compile(fileOf(`tests/http/schemas/${name}.schema.json`));
  check(value);
  return (check.errors ?? []).map(({ instancePath, message }) => `${instancePath} ${message}`);
}

/** Removes keys of a TradingView widget that Workspace reads and its schema does not know. */
function withoutUdfKeys(widgets: Widgets): Widgets {
  const copy = structuredClone(widgets) as Record<string, { data?: Record<string, unknown> }>;
  delete copy["tradingview"]!.data!["defaultSymbol"];
  delete copy["tradingview"]!.data!["updateFrequency"];
  return copy as unknown as Widgets;
}

/** The address of an endpoint with the defaults of its params. */
function withDefaults({ endpoint, params }: Widget): string {
  const query = new URLSearchParams(
    params.flatMap(({ paramName, value }) => value === undefined ? [] : [[paramName, value]]),
  );
  return `/${endpoint}?${query}`;
}

async function filled(...args: string[]): Promise<TestApp> {
  const server = serve(...args);
  const symbols = "S1 S2 S3 S4 S5 S6".split(" ");
  await server.send(...symbols.map((symbol, index) => ({ symbol, price: index + 1 })));
  return server;
}

async function widgetsOf(server: TestApp): Promise<Widgets> {
  return await server.get<Widgets>("/widgets.json");
}

async function appOf(server: TestApp): Promise<App> {
  return (await server.get<App[]>("/apps.json"))[0]!;
}

describe("GET /widgets.json", () => {
  test("The widgets are a live grid, a live chart, a picture, a table, a price and TradingView", async () => {
    const widgets = await widgetsOf(await filled());
    const types = Object.entries(widgets).map(([id, { type }]) => [id, type]);
    assert.deepEqual(types, [
      ["quotes", "live_grid"],
      ["live_chart", "iframe"],
      ["price_chart", "chart"],
      ["bars", "table"],
      ["last_price", "metric"],
      ["tradingview", "advanced_charting"],
    ]);
  });

  test("Every endpoint of widgets.json answers 200 on its defaults", async () => {
    for (const server of [serve(), await filled()]) {
      for (const [id, widget] of Object.entries(await widgetsOf(server))) {
        const response = await server.request(withDefaults(widget));
        assert.equal(response.status, 200, id);
        if (widget.type !== "iframe") await response.json();
        else assert.match(await response.text(), /<html/);
        for (const { optionsEndpoint } of widget.params) {
          if (optionsEndpoint === undefined) continue;
          const options = await server.get(`/${optionsEndpoint}`);
          for (const option of options) assert.deepEqual(Object.keys(option), ["label", "value"]);
        }
      }
    }
  });

  test("Every wsEndpoint of widgets.json accepts an upgrade", async () => {
    const server = await filled();
    const sockets = Object.values(await widgetsOf(server))
      .filter(({ wsEndpoint }) => wsEndpoint !== undefined);
    assert.ok(sockets.length > 0);
    for (const { wsEndpoint } of sockets) {
      const headers = { upgrade: "websocket", origin: "https://pro.openbb.co" };
      const accept = server.app.upgrade(new Request(`${BASE}/${wsEndpoint}`, { headers }));
      assert.equal(typeof accept, "function", String(wsEndpoint));
    }
  });

  test("Widgets match the schema of OpenBB Workspace", async () => {
    const widgets = withoutUdfKeys(await widgetsOf(await filled()));
    assert.deepEqual(faultsOf("openbb-widgets", widgets), []);
    const { type: _, ...untyped } = widgets["quotes"]!;
    assert.notDeepEqual(faultsOf("openbb-widgets", { quotes: untyped }), []);
    assert.notDeepEqual(faultsOf("openbb-widgets", { quotes: { ...untyped, type: "grid" } }), []);
  });

  test("Widgets have all that each client needs", async () => {
    for (const [id, widget] of Object.entries(await widgetsOf(await filled()))) {
      for (const field of ["name", "description", "type", "endpoint"] as const) {
        assert.ok(widget[field], `${id} ${field}`);
      }
      assert.ok(!/^wss?:|^\/|\?/.test(widget.wsEndpoint ?? ""), id);
      for (const { paramName, type, options, value } of widget.params) {
        assert.ok(paramName && type, id);
        if (options !== undefined) assert.ok(options.some((option) => option.value === value), id);
      }
    }
  });

  test("Columns are fields of the rows, and include those that the live grid needs", async () => {
    const server = await filled();
    for (const widget of Object.values(await widgetsOf(server))) {
      const columns = widget.data?.table?.columnsDefs;
      if (columns === undefined) continue;
      const [row] = await server.get(withDefaults(widget));
      for (const { field, headerName } of columns) {
        assert.ok(field in row!, field);
        assert.ok(headerName, field);
      }
    }
    const { data } = (await widgetsOf(server))["quotes"]!;
    const columns = data!.table!.columnsDefs;
    const isLive = (name: string) =>
      columns.some(({ field, enableCellChangeWs }) => field === name && enableCellChangeWs);
    assert.ok(columns.some(({ field }) => field === data!.wsRowIdColumn));
    for (const name of ["price", "change", "change_percent"]) assert.ok(isLive(name), name);
    for (const { renderFnParams } of columns) {
      const key = renderFnParams?.colorValueKey;
      if (key !== undefined) assert.ok(isLive(key), key);
    }
  });

  test("Default symbols are the first five instruments, or those of the checked-in file", async () => {
    const valuesOf = ({ params, data }: Widget) => [
      ...params.filter(({ optionsEndpoint }) => optionsEndpoint).map(({ value }) => value),
      ...data?.defaultSymbol === undefined ? [] : [data.defaultSymbol],
    ];
    assert.deepEqual(await widgetsOf(serve()), fileOf("widgets.json"));
    const widgets = await widgetsOf(await filled());
    const values = Object.values(widgets).map(valuesOf);
    assert.deepEqual(values[0], ["S1", "S1,S2,S3,S4,S5"]);
    assert.deepEqual(new Set(values.slice(1).flat()), new Set(["S1"]));
    assert.deepEqual(await widgetsOf(serve()), fileOf("widgets.json"));
  });

  test("The live chart has an absolute address if a public URL is set", async () => {
    const at = "https://ticks.example.com/live";
    const widgets = await widgetsOf(await filled("--public-url", `${at}/`));
    assert.equal(widgets["live_chart"]!.endpoint, `${at}/chart`);
    assert.equal((await widgetsOf(await filled()))["live_chart"]!.endpoint, "chart");
  });

  test("The socket's address carries the key of the request", async () => {
    const keyOf = (request: Request) => request.headers.get("x-api-key") ?? undefined;
    const routes = new Hono().use((c, next) => {
      c.set("grant", EVERYTHING);
      return next();
    }).route("/", widgetRoutes({ catalogue: new Catalogue(), keyOf }));
    const addressFor = async (headers: Record<string, string>) => {
      const response = await routes.request("/widgets.json", { headers });
      return (await response.json() as Widgets)["quotes"]!.wsEndpoint;
    };
    assert.equal(await addressFor({ "x-api-key": "a b&c" }), "ws?key=a%20b%26c");
    assert.equal(await addressFor({}), "ws");
  });

  test("The ETag of widgets.json and apps.json changes with their content", async () => {
    for (const path of ["/widgets.json", "/apps.json"]) {
      const server = serve();
      const ask = async (etag?: string | null) => {
        const headers: Record<string, string> = etag ? { "if-none-match": etag } : {};
        const response = await server.request(path, { headers });
        await response.body?.cancel();
        return response;
      };
      const etag = (await ask()).headers.get("etag");
      assert.equal((await ask(etag)).status, 304);
      await server.send({ symbol: "NEW", price: 1 });
      const changed = await ask(etag);
      assert.equal(changed.status, 200);
      assert.notEqual(changed.headers.get("etag"), etag);
    }
  });
});

describe("GET /apps.json", () => {
  test("The app matches the schema of OpenBB Workspace and shows every widget", async () => {
    const server = await filled();
    assert.deepEqual(faultsOf("openbb-apps", await server.get("/apps.json")), []);
    const { tabs } = await appOf(server);
    assert.equal(Object.keys(tabs).length, 2);
    for (const [key, { id }] of Object.entries(tabs)) assert.equal(id, key);
    const shown = Object.values(tabs).flatMap(({ layout }) => layout.map(({ i }) => i));
    assert.deepEqual(shown.sort(), Object.keys(await widgetsOf(server)).sort());
  });

  test("All widgets share one symbol, the first instrument", async () => {
    const server = await filled();
    const widgets = await widgetsOf(server);
    const { groups, tabs } = await appOf(server);
    assert.equal(groups.length, 1);
    const [group] = groups;
    assert.equal(group!.defaultValue, "S1");
    assert.equal((await appOf(serve())).groups[0]!.defaultValue, "AAPL");
    for (const { layout } of Object.values(tabs)) {
      for (const { i, groups } of layout) {
        assert.deepEqual(groups, [group!.name]);
        assert.ok(group!.widgetIds.includes(i));
      }
    }
    for (const id of group!.widgetIds) {
      const param = grouped(widgets[id]!, group!.paramName);
      assert.equal(param?.groupById, group!.paramName, id);
      assert.ok(!param?.multiSelect, id);
    }
  });

  test("A click on a symbol of the grid sets the shared symbol, and not the list", async () => {
    const server = await filled();
    const { params, data } = (await widgetsOf(server))["quotes"]!;
    const [group] = (await appOf(server)).groups;
    const param = grouped((await widgetsOf(server))["quotes"]!, group!.paramName)!;
    const symbol = data!.table!.columnsDefs.find(({ field }) => field === "symbol")!;
    assert.equal(symbol.renderFnParams?.groupBy?.paramName, param.paramName);
    assert.equal(param.show, false);
    const list = params.find(({ multiSelect }) => multiSelect)!;
    assert.equal(list.paramName, "symbol");
    assert.notEqual(list.groupById, group!.paramName);
  });
});

/** Finds the param as Workspace does: first by the id of the group, else by its name. */
function grouped({ params }: Widget, id: string): Param | undefined {
  return params.find(({ groupById, paramName }) => groupById === id || paramName === id);
}
