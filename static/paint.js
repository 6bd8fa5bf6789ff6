// What is painted onto the chart beside its line and its axes. All places are in pixels of the canvas.

/** @import uPlot from "uplot" */
/** @import { Series } from "./series.js" */

/** @typedef {Record<"text" | "muted" | "line" | "accent" | "up" | "down" | "panel", string>} Colors */

/** Share of the height that the highest bar of volume takes. */
export const VOLUME_SHARE = 0.16;
const BODY_SHARE = 0.7;
/** Around and between the parts of the label, in pixels of the page. */
const LABEL_PADDING = 6;
const LABEL_HEIGHT = 20;

/**
 * Bodies, wicks and volumes of the bars in sight. All rectangles of a colour are one path, because
 * changing the colour for each is what takes time.
 * @param {uPlot} plot
 * @param {Series} series
 * @param {number} intervalMs
 * @param {Colors} colors
 */
export function paintCandles(plot, series, intervalMs, colors) {
  const { ctx, bbox } = plot;
  const from = Math.max(0, series.indexAt(plot.posToVal(0, "x")));
  const to = series.indexAt(plot.posToVal(plot.over.clientWidth, "x"));
  const paths = { up: new Path2D(), down: new Path2D(), volume: new Path2D() };
  const x = (/** @type {number} */ time) => plot.valToPos(time, "x", true);
  const y = (/** @type {number} */ price) => Math.round(plot.valToPos(price, "y", true));
  const volumeMax = series.column("volume").slice(from, to + 1).reduce((a, b) => Math.max(a, b), 0);
  const volumeScale = volumeMax > 0 ? bbox.height * VOLUME_SHARE / volumeMax : 0;
  const wick = Math.max(1, Math.round(devicePixelRatio));
  for (let index = from; index <= to; index++) {
    const at = (/** @type {string} */ field) => series.at(field, index) ?? 0;
    const [start, open, close] = [at("time"), at("open"), at("close")];
    const width = Math.max(wick, Math.floor((x(start + intervalMs) - x(start)) * BODY_SHARE));
    const middle = Math.round(x(start + intervalMs / 2));
    const left = middle - Math.floor(width / 2);
    const [top, bottom] = [y(Math.max(open, close)), y(Math.min(open, close))];
    const path = close < open ? paths.down : paths.up;
    path.rect(left, top, width, Math.max(wick, bottom - top));
    const high = y(at("high"));
    path.rect(middle - Math.floor(wick / 2), high, wick, y(at("low")) - high);
    const volume = Math.round(at("volume") * volumeScale);
    paths.volume.rect(left, bbox.top + bbox.height - volume, width, volume);
  }
  ctx.save();
  ctx.beginPath();
  ctx.rect(bbox.left, bbox.top, bbox.width, bbox.height);
  ctx.clip();
  ctx.fillStyle = colors.muted;
  ctx.globalAlpha = 0.28;
  ctx.fill(paths.volume);
  ctx.globalAlpha = 1;
  ctx.fillStyle = colors.up;
  ctx.fill(paths.up);
  ctx.fillStyle = colors.down;
  ctx.fill(paths.down);
  ctx.restore();
}

/**
 * The price holds until the next tick: the line goes on from the last one to the present, and ends in
 * a dot.
 * @param {uPlot} plot
 * @param {{ time: number, price: number, present: number, color: string }} tip
 */
export function paintTip(plot, { time, price, present, color }) {
  const { ctx, bbox } = plot;
  const y = plot.valToPos(price, "y", true);
  const right = plot.valToPos(present, "x", true);
  const left = Math.max(bbox.left, plot.valToPos(time, "x", true));
  ctx.save();
  ctx.strokeStyle = ctx.fillStyle = color;
  ctx.lineWidth = 1.5 * devicePixelRatio;
  ctx.beginPath();
  ctx.moveTo(left, y);
  ctx.lineTo(right, y);
  ctx.stroke();
  ctx.beginPath();
  ctx.arc(right, y, 3.5 * devicePixelRatio, 0, 2 * Math.PI);
  ctx.fill();
  ctx.restore();
}

/**
 * A dashed line at the last price, with the price in a label on the axis.
 * @param {uPlot} plot
 * @param {{ price: number, text: string, color: string, textColor: string, font: string }} last
 */
export function paintLastPrice(plot, { price, text, color, textColor, font }) {
  const { ctx, bbox } = plot;
  const ratio = devicePixelRatio;
  const bottom = bbox.top + bbox.height;
  const y = Math.round(Math.min(bottom, Math.max(bbox.top, plot.valToPos(price, "y", true))));
  const right = bbox.left + bbox.width;
  ctx.save();
  ctx.strokeStyle = ctx.fillStyle = color;
  ctx.lineWidth = ratio;
  ctx.globalAlpha = 0.6;
  ctx.setLineDash([2 * ratio, 3 * ratio]);
  ctx.beginPath();
  ctx.moveTo(bbox.left, y + 0.5);
  ctx.lineTo(right, y + 0.5);
  ctx.stroke();
  ctx.globalAlpha = 1;
  ctx.font = font;
  const width = ctx.measureText(text).width + 2 * LABEL_PADDING * ratio;
  const height = LABEL_HEIGHT * ratio;
  ctx.beginPath();
  ctx.roundRect(right, y - height / 2, width, height, 3 * ratio);
  ctx.fill();
  ctx.fillStyle = textColor;
  ctx.textAlign = "left";
  ctx.textBaseline = "middle";
  ctx.fillText(text, right + LABEL_PADDING * ratio, y + ratio / 2);
  ctx.restore();
}
