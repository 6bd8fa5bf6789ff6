// Paints the plot area. All places are in canvas pixels.

import { INTERVALS } from "./interval.js";
import { VOLUME_SHARE } from "./scale.js";
import { scaled } from "./plot_data.js";

/** @import { Frame } from "./frame.js" */
/** @import { Interval } from "./interval.js" */
/** @import { Pane } from "./layer.js" */
/** @import { Strand } from "./plot_data.js" */

/**
 * @typedef {Record<"text" | "muted" | "line" | "accent" | "up" | "down" | "panel" | "warn"
 *   | "second" | "third" | "fourth", string>} Colors
 */

const BODY_SHARE = 0.72;
const LINE_WIDTH = 1.5;
/** Space around the label's text, in CSS pixels. */
const LABEL_PADDING = 6;
const LABEL_HEIGHT = 20;
const READOUT_PIXELS = 56;
export const FONT_FAMILY = "system-ui, sans-serif";

/** @param {Frame} frame @param {Strand} strand @param {Interval} interval */
function placesOf(frame, { slots, isMerged, scale }, interval) {
  // The time of a bar is its start; paint it in the middle of its interval.
  const middleMs = isMerged ? 0 : INTERVALS[interval] / 2;
  return {
    x: (/** @type {number} */ index) => frame.x((slots.times[index] ?? 0) + middleMs),
    y: (/** @type {number} */ price) => frame.y(scaled(price, scale)),
  };
}

/**
 * Paints bodies and wicks. All rectangles of a colour are one path, because changing the colour for each
 * candle is slow.
 * @param {Frame} frame
 * @param {Strand} strand
 * @param {Interval} interval
 * @param {Colors} colors
 */
export function paintCandles(frame, strand, interval, colors) {
  const { ctx, perMs } = frame;
  const { slots, isMerged } = strand;
  const { x, y } = placesOf(frame, strand, interval);
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
 * @param {Frame} frame
 * @param {Strand} strand
 * @param {Interval} interval
 * @param {Colors} colors
 */
export function paintVolumes(frame, strand, interval, colors) {
  const { ctx, box, bottom, perMs } = frame;
  const { slots, isMerged } = strand;
  const { x } = placesOf(frame, strand, interval);
  let highest = 0;
  for (let index = 0; index < slots.length; index++) {
    highest = Math.max(highest, slots.volumes[index] ?? 0);
  }
  if (highest === 0) return;
  const length = isMerged ? box.width / slots.length : INTERVALS[interval] * perMs * BODY_SHARE;
  const width = Math.max(1, Math.floor(length));
  const paths = { up: new Path2D(), down: new Path2D() };
  for (let index = 0; index < slots.length; index++) {
    const height = Math.round((slots.volumes[index] ?? 0) / highest * box.height * VOLUME_SHARE);
    const isDown = (slots.closes[index] ?? 0) < (slots.opens[index] ?? 0);
    const left = Math.round(x(index)) - Math.floor(width / 2);
    (isDown ? paths.down : paths.up).rect(left, bottom - height, width, height);
  }
  ctx.globalAlpha = 0.26;
  ctx.fillStyle = colors.up;
  ctx.fill(paths.up);
  ctx.fillStyle = colors.down;
  ctx.fill(paths.down);
  ctx.globalAlpha = 1;
}

/**
 * Ticks are steps, because a price holds until the next tick; bars are joined by straight lines. The line
 * continues to the present.
 * @param {Frame} frame
 * @param {Strand} strand
 * @param {{ interval: Interval, color: string, isFilled: boolean, present: number | undefined }} style
 */
export function paintLine(frame, strand, { interval, color, isFilled, present }) {
  const { ctx, box, bottom, perMs } = frame;
  const { slots, isMerged, last } = strand;
  const { x, y } = placesOf(frame, strand, interval);
  const end = slots.length - 1;
  if (end < 0) return;
  const isLastShown = slots.times[end] === last.place || isMerged;
  const right = present === undefined || !isLastShown
    ? x(end)
    : Math.min(frame.right, x(end) + (present - last.place) * perMs);
  const path = linePath({ slots, x, y }, right, interval === "tick" && !isMerged);
  if (isFilled) {
    const area = new Path2D(path);
    area.lineTo(right, bottom);
    area.lineTo(x(0), bottom);
    const gradient = ctx.createLinearGradient(0, box.top, 0, bottom);
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

/** @param {Places} places @param {number} right x of the line's end @param {boolean} isStepped */
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
 * A path of one rectangle per column of pixels. With many points per column only the extremes are visible,
 * and filling them is much faster than stroking each point.
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
 * Paints a faint line with a name at a marked price.
 * @param {Frame} frame
 * @param {{ label: string, value: number }} mark
 * @param {string} color
 */
export function paintMark(frame, { label, value }, color) {
  const { ctx, box } = frame;
  const y = Math.round(frame.y(value)) + 0.5;
  if (y < box.top || y > frame.bottom) return;
  const ratio = devicePixelRatio;
  ctx.strokeStyle = ctx.fillStyle = color;
  ctx.lineWidth = ratio;
  ctx.globalAlpha = 0.5;
  ctx.setLineDash([6 * ratio, 4 * ratio]);
  ctx.beginPath();
  ctx.moveTo(box.left, y);
  ctx.lineTo(frame.right, y);
  ctx.stroke();
  ctx.setLineDash([]);
  ctx.globalAlpha = 0.9;
  ctx.font = `${10 * ratio}px ${FONT_FAMILY}`;
  // The readout covers the top left corner.
  const isRight = y < box.top + READOUT_PIXELS * ratio;
  ctx.textAlign = isRight ? "right" : "left";
  ctx.textBaseline = "bottom";
  const x = isRight ? frame.right - 8 * ratio : box.left + 14 * ratio;
  ctx.fillText(label, x, y - 2 * ratio);
  ctx.globalAlpha = 1;
}

/**
 * Moves the labels of values apart, so that none covers another one or leaves the top and bottom edge.
 * @param {Frame} frame
 * @param {readonly number[]} values
 */
export function labelPlaces(frame, values) {
  const { box, bottom } = frame;
  const height = LABEL_HEIGHT * devicePixelRatio;
  const top = box.top + height / 2;
  const places = values.map((value) => Math.round(Math.min(bottom, Math.max(top, frame.y(value)))));
  const order = places.map((_, index) => index)
    .sort((a, b) => (places[a] ?? 0) - (places[b] ?? 0));
  order.forEach((index, rank) => {
    const above = places[order[rank - 1] ?? -1] ?? -Infinity;
    places[index] = Math.max(places[index] ?? 0, above + height + 1);
  });
  return places;
}

/**
 * Paints a dashed line at the last price, and the price as a label on the axis.
 * @param {Frame} frame
 * @param {{ value: number, y: number, text: string, color: string, textColor: string }} last `y` is the
 *   place of the label
 */
export function paintLast(frame, { value, y, text, color, textColor }) {
  const { ctx, box, bottom, right } = frame;
  const ratio = devicePixelRatio;
  const height = LABEL_HEIGHT * ratio;
  const place = Math.round(frame.y(value)) + 0.5;
  ctx.save();
  ctx.strokeStyle = ctx.fillStyle = color;
  ctx.lineWidth = ratio;
  if (place >= box.top && place <= bottom) {
    ctx.globalAlpha = 0.6;
    ctx.setLineDash([2 * ratio, 3 * ratio]);
    ctx.beginPath();
    ctx.moveTo(box.left, place);
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

/**
 * Paints a pane below the prices: its border, its marks with labels, and its content.
 * @param {Frame} frame
 * @param {Pane} pane
 * @param {Colors} colors
 */
export function paintPane(frame, pane, colors) {
  const { ctx, box, right } = frame;
  const ratio = devicePixelRatio;
  ctx.save();
  ctx.fillStyle = colors.line;
  ctx.fillRect(box.left, box.top, box.width + 80 * ratio, ratio);
  ctx.font = `${11 * ratio}px ${FONT_FAMILY}`;
  ctx.textAlign = "left";
  ctx.textBaseline = "middle";
  for (const mark of pane.marks) {
    const y = Math.round(frame.y(mark));
    if (y < box.top + 8 * ratio || y > frame.bottom - 6 * ratio) continue;
    ctx.fillStyle = colors.line;
    ctx.fillRect(box.left, y, box.width, ratio);
    ctx.fillStyle = colors.muted;
    ctx.fillText(pane.text(mark), right + 6 * ratio, y);
  }
  ctx.restore();
  frame.clipped(() => pane.paint(frame, colors));
}

/** Paints the dot at the end of a live line. @param {Frame} frame @param {{ place: number, value: number }} tip @param {string} color */
export function paintTip(frame, { place, value }, color) {
  const { ctx } = frame;
  ctx.fillStyle = color;
  ctx.beginPath();
  ctx.arc(frame.x(place), frame.y(value), 3.5 * devicePixelRatio, 0, 2 * Math.PI);
  ctx.fill();
}

/**
 * The same colour with an alpha value.
 * @param {string} color such as `rgb(1, 2, 3)`
 * @param {number} alpha
 */
export function faint(color, alpha) {
  return color.replace("rgb(", "rgba(").replace(")", `, ${alpha})`);
}
