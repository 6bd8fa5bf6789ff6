// The buttons that save the chart and the board.

import { onClick } from "./dom.js";
import { csvOf, download, pictureOf, tableOf } from "./export.js";

/** @import { Board } from "./board.js" */
/** @import { Grid } from "./grid.js" */
/** @import { ChartView } from "./chart_view.js" */

const SHOWN_MAX = 40;

/** @param {{ chartView: () => ChartView, board: Board, grid: Grid }} parts */
export function buildSaving({ chartView, board, grid }) {
  const titleOf = () => {
    const { parts = [], interval = "" } = chartView().shown ?? {};
    return [...parts.map(({ symbol }) => cut(symbol)), interval].join(" ");
  };
  onClick("png", async () => {
    const { canvas, colors } = chartView().chart;
    if (canvas === undefined) return;
    const picture = await pictureOf(canvas, titleOf(), colors);
    if (picture !== null) download(picture, `${titleOf()}.png`);
  });
  onClick("csv", () => {
    const { shown } = chartView();
    if (shown !== undefined) save(csvOf(tableOf(shown)), `${titleOf()}.csv`);
  });
  onClick("board-csv", () => {
    const rows = grid.order.symbols.flatMap((symbol) => board.rows.get(symbol) ?? []);
    save(csvOf({ columns: Object.keys(rows[0] ?? { symbol: "" }), rows }), "board.csv");
  });
}

/** Shortens a symbol, because pictures and file names have little room. @param {string} symbol */
function cut(symbol) {
  return symbol.length > SHOWN_MAX ? `${symbol.slice(0, SHOWN_MAX)}…` : symbol;
}

/** @param {string} text @param {string} name */
function save(text, name) {
  download(new Blob([text], { type: "text/csv" }), name);
}
