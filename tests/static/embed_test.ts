import assert from "node:assert/strict";
import { test } from "node:test";
import { Embed } from "../../static/embed.js";

function setUp() {
  const sent: Record<string, unknown>[] = [];
  const workspace = { postMessage: (message: Record<string, unknown>) => sent.push(message) };
  const window = Object.assign(new EventTarget(), { parent: workspace, top: workspace });
  const keys: string[] = [];
  const params: object[] = [];
  const embed = new Embed({
    window: window as unknown as Window,
    intervals: ["1m", "1h"],
    setKey: (key) => keys.push(key),
    setParams: (each) => params.push(each),
    rows: () => ({ columns: ["symbol", "close"], rows: [{ symbol: "A", close: 1 }] }),
  });
  const hear = (data: unknown, source: unknown = workspace) => {
    window.dispatchEvent(Object.assign(new Event("message"), { source, data }));
  };
  return { sent, keys, params, embed, hear };
}

test("Embed announces its table, its params and the selection", () => {
  const { sent, embed } = setUp();
  embed.connect("A", "1m");
  const [{ type, widgets, params }] = sent as [
    { type: string; widgets: object[]; params: object[] },
  ];
  assert.deepEqual([type, widgets.length, params.length], ["openbb-connect", 1, 2]);
  embed.chose("A");
  assert.equal(sent.length, 1);
  embed.chose("B");
  assert.deepEqual(sent[1], {
    type: "openbb:widget-params:update",
    params: { symbol: "B" },
    paramName: "symbol",
    value: "B",
  });
});

test("Embed reads a key from the headers of Workspace, in any form", () => {
  const { keys, hear } = setUp();
  hear({ type: "openbb-auth", headers: { "x-api-key": "k1" } });
  hear({ type: "openbb-auth", headers: { Authorization: "Bearer k2" } });
  hear({ type: "openbb-auth", headers: null });
  hear({ type: "openbb-auth", headers: { "X-API-KEY": 5 } });
  assert.deepEqual(keys, ["k1", "k2"]);
});

test("Embed answers with the visible data, and reports data that it does not have", () => {
  const { sent, hear } = setUp();
  hear({ type: "openbb-request", widgetId: null });
  hear({ type: "openbb-request", widgetId: "bars" });
  hear({ type: "openbb-request", widgetId: "other" });
  assert.deepEqual(sent.map(({ type }) => type), ["openbb-data", "openbb-data", "openbb-error"]);
  assert.deepEqual(sent[0]!["data"], [{ symbol: "A", close: 1 }]);
});

test("Embed accepts params from Workspace only", () => {
  const { params, sent, keys, hear } = setUp();
  hear({ type: "openbb-params-update", params: { symbol: "B", interval: 5, theme: "dark" } });
  assert.deepEqual(params, [{ symbol: "B", theme: "dark" }]);
  hear({ type: "openbb-params-update", params: { symbol: "C" } }, {});
  hear({ type: "openbb-auth", headers: { "x-api-key": "k" } }, {});
  for (const data of [null, "text", 5, [], { type: "openbb-params-update", params: null }]) {
    hear(data);
  }
  assert.deepEqual([params.length, sent.length, keys.length], [1, 0, 0]);
});
