// The bare chart inside OpenBB Workspace, which talks to it through iframe messages.

import { tableOf } from "./export.js";
import { INTERVALS, isInterval } from "./interval.js";

/** @import { Board } from "./board.js" */
/** @import { ViewChange } from "./cell.js" */
/** @import { ChartView } from "./chart_view.js" */

/**
 * @typedef {object} EmbedOptions
 * @property {Window} window
 * @property {(key: string) => void} setKey
 * @property {(params: { symbol?: string, interval?: string, theme?: string }) => void} setParams
 * @property {() => { columns: readonly string[], rows: readonly Record<string, unknown>[] }} rows what the
 *   chart shows
 * @property {readonly string[]} intervals
 */

/** The one table that the frame offers beside its chart. */
const WIDGET = {
  widgetId: "bars",
  name: "Bars",
  description: "The bars that the chart shows",
  category: "tickwire",
  dataType: "table",
};
/** The largest table that the frame sends. */
const ROWS_MAX = 5_000;

export class Embed {
  #options;
  #symbol = "";

  /** @param {EmbedOptions} options */
  constructor(options) {
    this.#options = options;
    const { window } = options;
    // Listen before connect sends anything, so that no answer is lost.
    window.addEventListener("message", ({ source, data }) => {
      if (source === window.parent && typeof data === "object" && data !== null) {
        this.#receive(data);
      }
    });
  }

  /** Announces the frame to OpenBB. @param {string} symbol @param {string} interval */
  connect(symbol, interval) {
    this.#symbol = symbol;
    const options = this.#options.intervals.map((value) => ({ label: value, value }));
    this.#send({
      type: "openbb-connect",
      widgets: [WIDGET],
      params: [
        { paramName: "symbol", label: "Symbol", type: "text", value: symbol },
        { paramName: "interval", label: "Interval", type: "text", value: interval, options },
      ],
    });
  }

  /** Reports that the user has chosen another symbol here. @param {string} symbol */
  chose(symbol) {
    if (symbol === this.#symbol) return;
    this.#symbol = symbol;
    const params = { symbol };
    this.#send({ type: "openbb:widget-params:update", params, paramName: "symbol", value: symbol });
  }

  /** @param {Record<string, unknown>} message */
  #receive({ type, headers, params, widgetId }) {
    if (type === "openbb-auth") this.#authenticate(headers);
    if (type === "openbb-request") this.#answer(widgetId);
    if (type === "openbb-params-update" && typeof params === "object" && params !== null) {
      const { symbol, interval, theme } = /** @type {Record<string, unknown>} */ (params);
      if (typeof symbol === "string") this.#symbol = symbol;
      this.#options.setParams({
        ...(typeof symbol === "string" && { symbol }),
        ...(typeof interval === "string" && { interval }),
        ...(typeof theme === "string" && { theme }),
      });
    }
  }

  /** @param {unknown} headers */
  #authenticate(headers) {
    if (typeof headers !== "object" || headers === null) return;
    for (const [name, value] of Object.entries(headers)) {
      if (typeof value !== "string") continue;
      if (name.toLowerCase() === "x-api-key") this.#options.setKey(value);
      const [, token] = /^Bearer (.+)$/i.exec(value) ?? [];
      if (name.toLowerCase() === "authorization" && token !== undefined) {
        this.#options.setKey(token);
      }
    }
  }

  /** @param {unknown} widgetId */
  #answer(widgetId) {
    if (widgetId !== null && widgetId !== WIDGET.widgetId) {
      const error = `Cannot answer: there is no widget ${String(widgetId).slice(0, 100)}`;
      return this.#send({ type: "openbb-error", widgetId, error });
    }
    const { columns, rows } = this.#options.rows();
    const { widgetId: id, dataType } = WIDGET;
    const data = rows.slice(-ROWS_MAX);
    this.#send({ type: "openbb-data", widgetId: id, dataType, data, columns });
  }

  /** Any origin may read the message: it holds no secret, and the server decides which sites frame the page. @param {object} message */
  #send(message) {
    const { window } = this.#options;
    (window.top ?? window.parent).postMessage(message, "*");
  }
}

/**
 * The OpenBB side of the page. It shows what OpenBB asks for.
 * @param {object} page
 * @param {(key: string) => void} page.setKey
 * @param {(theme: string) => void} page.setTheme
 * @param {(wish: ViewChange) => void} page.choose
 * @param {Board} page.board
 * @param {ChartView} page.chartView
 */
export function frameOf({ setKey, setTheme, choose, board, chartView }) {
  return new Embed({
    window: self,
    intervals: Object.keys(INTERVALS),
    setKey,
    setParams({ symbol, interval = "", theme = "" }) {
      setTheme(theme);
      if (symbol !== undefined) board.watch([symbol]);
      choose({
        ...(symbol !== undefined && { symbol }),
        ...(isInterval(interval) && { interval }),
      });
    },
    rows: () =>
      chartView.shown === undefined ? { columns: [], rows: [] } : tableOf(chartView.shown),
  });
}
