// Exports the chart as a picture or as a table.

/** @import { Colors } from "./paint.js" */
/** @import { View } from "./plot_data.js" */

/**
 * The visible points as a table.
 * @param {Pick<View, "parts" | "interval" | "window">} view
 */
export function tableOf({ parts, interval, window: { from, to } }) {
  const fields = interval === "tick"
    ? ["time", "seq", "price", "size"]
    : ["time", "open", "high", "low", "close", "volume", "count"];
  const rows = parts.flatMap(({ symbol, series }) => {
    const columns = fields.map((field) => series.column(field));
    const first = Math.max(0, series.indexAt(from));
    const last = series.indexAt(to);
    return Array.from({ length: Math.max(0, last - first + 1) }, (_, place) => {
      /** @type {Record<string, unknown>} */
      const row = { symbol };
      fields.forEach((field, index) => row[field] = columns[index]?.[first + place] ?? null);
      row["time"] = new Date(Number(row["time"])).toISOString();
      return row;
    });
  });
  return { columns: ["symbol", ...fields], rows };
}

/** @param {{ columns: readonly string[], rows: readonly Readonly<Record<string, unknown>>[] }} table */
export function csvOf({ columns, rows }) {
  const lines = rows.map((row) => columns.map((column) => cellText(row[column])).join(","));
  return [columns.join(","), ...lines, ""].join("\r\n");
}

/** @param {unknown} value */
function cellText(value) {
  if (value === null || value === undefined) return "";
  if (typeof value === "number") return Number.isFinite(value) ? String(value) : "";
  // Keep a spreadsheet from reading the text as a formula.
  const text = String(value).replace(/^[=+\-@\t\r\n]/, "'$&");
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

/**
 * The chart on the page's background, with its title.
 * @param {HTMLCanvasElement} canvas
 * @param {string} title
 * @param {Colors} colors
 * @returns {Promise<Blob | null>}
 */
export function pictureOf(canvas, title, colors) {
  const head = Math.round(36 * devicePixelRatio);
  const copy = document.createElement("canvas");
  copy.width = canvas.width;
  copy.height = canvas.height + head;
  const context = copy.getContext("2d");
  if (context !== null) {
    context.fillStyle = colors.panel;
    context.fillRect(0, 0, copy.width, copy.height);
    context.drawImage(canvas, 0, head);
    context.fillStyle = colors.text;
    context.font = `600 ${14 * devicePixelRatio}px system-ui, sans-serif`;
    context.textBaseline = "middle";
    context.fillText(title, 14 * devicePixelRatio, head / 2, copy.width - 28 * devicePixelRatio);
  }
  return new Promise((resolve) => copy.toBlob(resolve));
}

/** @param {Blob} blob @param {string} name */
export function download(blob, name) {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(blob);
  link.download = name.replaceAll(/[^A-Za-z0-9._-]+/g, "-");
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
}
