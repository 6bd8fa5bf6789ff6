// What is painted between the axes. All places are in pixels of the canvas.

import { INTERVALS } from "./interval.js";
import { VOLUME_SHARE } from "./scale.js";
import { scaled } from "./scene.js";

/** @import uPlot from "uplot" */
/** @import { Interval } from "./interval.js" */
/** @import { Strand } from "./scene.js" */

/**
 * @typedef {Record<"text" | "muted" | "line" | "accent" | "up" | "down" | "panel" | "warn"
 *   | "second" | "third" | "fourth", string>} Colors
 */

const BODY_SHARE = 0.72;
const LINE_WIDTH = 1.5;
/** Around and between the parts of the label, in pixels of the page. */
const LABEL_PADDING = 6;
const LABEL_HEIGHT = 20;
export const FONT_FAMILY = "system-ui, sans-serif";

/**
 * Paints where the prices are, and nowhere else.
 * @param {uPlot} plot
 * @param {() => void} paint
 */
export function clipped({ ctx, bbox }, paint) {
  ctx.save();
  ctx.beginPath();
  ctx.rect(bbox.left, bbox.top, bbox.width, bbox.height);
  ctx.clip();
  paint();
  ctx.restore();
}

/** @param {uPlot} plot @param {Strand} strand @param {Interval} interval */
function placesOf(plot, { slots, isMerged, base }, interval) {
  const { bbox } = plot;
  const { min: from = 0, max: to = 1 } = plot.scales["x"] ?? {};
  const { min: low = 0, max: high = 1 } = plot.scales["y"] ?? {};
  const perMs = bbox.width / (to - from);
  const reach = high - low;
  const perPrice = bbox.height / reach;
  const bottom = bbox.top + bbox.height;
  // A bar stands for all of its interval, and its middle for the bar.
  const middleMs = isMerged ? 0 : INTERVALS[interval] / 2;
  return {
    perMs,
    x: (/** @type {number} */ index) =>
      bbox.left + ((slots.times[index] ?? 0) + middleMs - from) * perMs,
    // Nothing is seen of what is farther away, and a distance beyond all numbers would be no place.
    y: (/** @type {number} */ price) => {
      const value = Math.max(low - reach, Math.min(high + reach, scaled(price, base)));
      return bottom - (value - low) * perPrice;
    },
  };
}

/**
 * Bodies and wicks. All rectangles of a colour are one path, because changing the colour for each is what
 * takes time.
 * @param {uPlot} plot
 * @param {Strand} strand
 * @param {Interval} interval
 * @param {Colors} colors
 */
export function paintCandles(plot, strand, interval, colors) {
  const { ctx } = plot;
  const { slots, isMerged } = strand;
  const { x, y, perMs } = placesOf(plot, strand, interval);
  const wick = Math.max(1, Math.round(devicePixelRatio));
  const width = isMerged
    ? wick
    : Math.max(wick, Math.floor(INTERVALS[interval] * perMs * BODY_SHARE));
  const paths = { up: new Path2D(), down: new Path2D() };
  for (let index = 0; index < slots.length; index++) {
    const open = slots.opens[index] ?? 0;
    const close = slots.closes[index] ?? 0;
    const middle = Math.round(x(index));
    const top = Math.round(y(Math.max(open, close)));
    const bottom = Math.round(y(Math.min(open, close)));
    const path = close < open ? paths.down : paths.up;
    path.rect(middle - Math.floor(width / 2), top, width, Math.max(wick, bottom - top));
    const high = Math.round(y(slots.highs[index] ?? 0));
    const low = Math.round(y(slots.lows[index] ?? 0));
    path.rect(middle - Math.floor(wick / 2), high, wick, Math.max(wick, low - high));
  }
  ctx.fillStyle = colors.up;
  ctx.fill(paths.up);
  ctx.fillStyle = colors.down;
  ctx.fill(paths.down);
}

/**
 * @param {uPlot} plot
 * @param {Strand} strand
 * @param {Interval} interval
 * @param {Colors} colors
 */
export function paintVolumes(plot, strand, interval, colors) {
  const { ctx, bbox } = plot;
  const { slots, isMerged } = strand;
  const { x, perMs } = placesOf(plot, strand, interval);
  let highest = 0;
  for (let index = 0; index < slots.length; index++) {
    highest = Math.max(highest, slots.volumes[index] ?? 0);
  }
  if (highest === 0) return;
  const length = isMerged ? bbox.width / slots.length : INTERVALS[interval] * perMs * BODY_SHARE;
  const width = Math.max(1, Math.floor(length));
  const paths = { up: new Path2D(), down: new Path2D() };
  for (let index = 0; index < slots.length; index++) {
    const height = Math.round((slots.volumes[index] ?? 0) / highest * bbox.height * VOLUME_SHARE);
    const isDown = (slots.closes[index] ?? 0) < (slots.opens[index] ?? 0);
    const left = Math.round(x(index)) - Math.floor(width / 2);
    (isDown ? paths.down : paths.up).rect(left, bbox.top + bbox.height - height, width, height);
  }
  ctx.globalAlpha = 0.26;
  ctx.fillStyle = colors.up;
  ctx.fill(paths.up);
  ctx.fillStyle = colors.down;
  ctx.fill(paths.down);
  ctx.globalAlpha = 1;
}

/**
 * A price holds until the next tick, so ticks are steps; bars are joined by slopes. The line goes on to the
 * present.
 * @param {uPlot} plot
 * @param {Strand} strand
 * @param {{ interval: Interval, color: string, isFilled: boolean, present: number | undefined }} style
 */
export function paintLine(plot, strand, { interval, color, isFilled, present }) {
  const { ctx, bbox } = plot;
  const { slots, isMerged, last } = strand;
  const { x, y, perMs } = placesOf(plot, strand, interval);
  const end = slots.length - 1;
  if (end < 0) return;
  const isLastShown = slots.times[end] === last.time || isMerged;
  const right = present === undefined || !isLastShown
    ? x(end)
    : Math.min(bbox.left + bbox.width, x(end) + (present - last.time) * perMs);
  const path = linePath({ slots, x, y }, right, interval === "tick" && !isMerged);
  if (isFilled) {
    const area = new Path2D(path);
    const bottom = bbox.top + bbox.height;
    area.lineTo(right, bottom);
    area.lineTo(x(0), bottom);
    const gradient = ctx.createLinearGradient(0, bbox.top, 0, bottom);
    gradient.addColorStop(0, faint(color, 0.28));
    gradient.addColorStop(1, faint(color, 0.02));
    ctx.fillStyle = gradient;
    ctx.fill(area);
  }
  ctx.strokeStyle = ctx.fillStyle = color;
  ctx.lineWidth = LINE_WIDTH * devicePixelRatio;
  ctx.lineJoin = "round";
  if (isMerged) ctx.fill(columnsPath({ slots, x, y }));
  else ctx.stroke(path);
}

/** @typedef {{ slots: Strand["slots"], x: (index: number) => number, y: (price: number) => number }} Places */

/** @param {Places} places @param {number} right where it ends @param {boolean} isStepped */
function linePath({ slots, x, y }, right, isStepped) {
  const path = new Path2D();
  let level = y(slots.closes[0] ?? 0);
  path.moveTo(x(0), level);
  for (let index = 1; index < slots.length; index++) {
    const left = x(index);
    if (isStepped) path.lineTo(left, level);
    level = y(slots.closes[index] ?? 0);
    path.lineTo(left, level);
  }
  path.lineTo(right, level);
  return path;
}

/**
 * Where many points lie in one column of pixels, all that is seen of a line is how far it reaches there. To
 * fill that costs a small part of what it costs to stroke it to and fro.
 * @param {Places} places
 */
function columnsPath({ slots, x, y }) {
  const path = new Path2D();
  const thick = LINE_WIDTH * devicePixelRatio;
  let level = y(slots.closes[0] ?? 0);
  for (let index = 0; index < slots.length; index++) {
    const top = Math.min(level, y(slots.highs[index] ?? 0));
    const bottom = Math.max(level, y(slots.lows[index] ?? 0));
    const left = Math.floor(x(index));
    const width = Math.max(1, Math.floor(x(index + 1)) - left);
    path.rect(left, top - thick / 2, Math.min(width, 2 * thick), bottom - top + thick);
    level = y(slots.closes[index] ?? 0);
  }
  return path;
}

/**
 * A faint line at a price that matters for the day, with its name.
 * @param {uPlot} plot
 * @param {{ label: string, price: number }} mark
 * @param {string} color
 */
export function paintMark(plot, { label, price }, color) {
  const { ctx, bbox } = plot;
  const y = Math.round(plot.valToPos(price, "y", true)) + 0.5;
  if (y < bbox.top || y > bbox.top + bbox.height) return;
  const ratio = devicePixelRatio;
  ctx.strokeStyle = ctx.fillStyle = color;
  ctx.lineWidth = ratio;
  ctx.globalAlpha = 0.5;
  ctx.setLineDash([6 * ratio, 4 * ratio]);
  ctx.beginPath();
  ctx.moveTo(bbox.left, y);
  ctx.lineTo(bbox.left + bbox.width, y);
  ctx.stroke();
  ctx.setLineDash([]);
  ctx.globalAlpha = 0.9;
  ctx.font = `${10 * ratio}px ${FONT_FAMILY}`;
  ctx.textAlign = "left";
  ctx.textBaseline = "bottom";
  ctx.fillText(label, bbox.left + 14 * ratio, y - 2 * ratio);
  ctx.globalAlpha = 1;
}

/**
 * Where labels of these values have room: none lies over another one, and none beyond the axis.
 * @param {uPlot} plot
 * @param {readonly number[]} values
 */
export function labelPlaces(plot, values) {
  const { bbox } = plot;
  const height = LABEL_HEIGHT * devicePixelRatio;
  const [top, bottom] = [bbox.top + height / 2, bbox.top + bbox.height];
  const places = values.map((value) =>
    Math.round(Math.min(bottom, Math.max(top, plot.valToPos(value, "y", true))))
  );
  const order = places.map((_, index) => index)
    .sort((a, b) => (places[a] ?? 0) - (places[b] ?? 0));
  order.forEach((index, rank) => {
    const above = places[order[rank - 1] ?? -1] ?? -Infinity;
    places[index] = Math.max(places[index] ?? 0, above + height + 1);
  });
  return places;
}

/**
 * A dashed line at the last price, with the price in a label on the axis.
 * @param {uPlot} plot
 * @param {{ value: number, y: number, text: string, color: string, textColor: string }} last `y` is where
 *   the label has room
 */
export function paintLast(plot, { value, y, text, color, textColor }) {
  const { ctx, bbox } = plot;
  const ratio = devicePixelRatio;
  const height = LABEL_HEIGHT * ratio;
  const bottom = bbox.top + bbox.height;
  const place = Math.round(plot.valToPos(value, "y", true)) + 0.5;
  const right = bbox.left + bbox.width;
  ctx.save();
  ctx.strokeStyle = ctx.fillStyle = color;
  ctx.lineWidth = ratio;
  if (place >= bbox.top && place <= bottom) {
    ctx.globalAlpha = 0.6;
    ctx.setLineDash([2 * ratio, 3 * ratio]);
    ctx.beginPath();
    ctx.moveTo(bbox.left, place);
    ctx.lineTo(right, place);
    ctx.stroke();
  }
  ctx.globalAlpha = 1;
  ctx.font = `600 ${11 * ratio}px ${FONT_FAMILY}`;
  const width = ctx.measureText(text).width + 2 * LABEL_PADDING * ratio;
  ctx.beginPath();
  ctx.roundRect(right, y - height / 2, width, height, 3 * ratio);
  ctx.fill();
  ctx.fillStyle = textColor;
  ctx.textAlign = "left";
  ctx.textBaseline = "middle";
  ctx.fillText(text, right + LABEL_PADDING * ratio, y + ratio / 2);
  ctx.restore();
}

/** The dot at which a live line ends. @param {uPlot} plot @param {{ time: number, value: number }} tip @param {string} color */
export function paintTip(plot, { time, value }, color) {
  const { ctx } = plot;
  ctx.fillStyle = color;
  ctx.beginPath();
  const [x, y] = [plot.valToPos(time, "x", true), plot.valToPos(value, "y", true)];
  ctx.arc(x, y, 3.5 * devicePixelRatio, 0, 2 * Math.PI);
  ctx.fill();
}

/**
 * @param {string} color as `rgb(1, 2, 3)`
 * @param {number} alpha
 */
function faint(color, alpha) {
  return color.replace("rgb(", "rgba(").replace(")", `, ${alpha})`);
}
