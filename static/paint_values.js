// Paints columns of values as lines, bars and bands, in the frame of their bars.

import { faint } from "./paint.js";

/** @import { Frame } from "./frame.js" */
/** @import { Colors } from "./paint.js" */

/**
 * The visible points: their places on the time axis, and the distance from a place to the middle of its bar.
 * @typedef {{ places: Float64Array, middleMs: number, start: number, end: number }} Sight
 */

/** @typedef {{ color: string, toValue: (value: number) => number, isFaint?: boolean }} Style */

/**
 * Calls `draw` for the points to paint: with many points per pixel column, only the extremes and the last.
 * @param {Frame} frame
 * @param {Sight} sight
 * @param {Float64Array} values
 * @param {(value: number) => number} toValue
 * @param {(x: number, y: number, isFirst: boolean) => void} draw
 */
function eachPoint(frame, { places, middleMs, start, end }, values, toValue, draw) {
  const isDense = end - start > 2 * frame.box.width;
  let isFirst = true;
  let column = -Infinity;
  let [low, high] = [Infinity, -Infinity];
  for (let index = start; index < end; index++) {
    const value = values[index] ?? NaN;
    if (Number.isNaN(value)) {
      isFirst = true;
      continue;
    }
    const x = frame.x((places[index] ?? 0) + middleMs);
    const y = frame.y(toValue(value));
    if (!isDense || isFirst) draw(x, y, isFirst);
    else if (Math.floor(x) > column) {
      if (low < high) {
        draw(column, low, false);
        draw(column, high, false);
      }
      draw(x, y, false);
      [low, high] = [y, y];
    } else [low, high] = [Math.min(low, y), Math.max(high, y)];
    column = Math.floor(x);
    isFirst = false;
  }
}

/**
 * @param {Frame} frame
 * @param {Sight} sight
 * @param {Float64Array} values
 * @param {Style} style
 */
export function paintValues(frame, sight, values, { color, toValue, isFaint = false }) {
  const { ctx } = frame;
  const path = new Path2D();
  eachPoint(
    frame,
    sight,
    values,
    toValue,
    (x, y, isFirst) => isFirst ? path.moveTo(x, y) : path.lineTo(x, y),
  );
  ctx.save();
  ctx.globalAlpha = isFaint ? 0.6 : 1;
  ctx.strokeStyle = color;
  ctx.lineWidth = (isFaint ? 1 : 1.4) * devicePixelRatio;
  ctx.lineJoin = "round";
  ctx.stroke(path);
  ctx.restore();
}

/**
 * Fills the area between two columns.
 * @param {Frame} frame
 * @param {Sight} sight
 * @param {readonly [upper: Float64Array, lower: Float64Array]} values
 * @param {Style} style
 */
export function paintBetween(frame, sight, [upper, lower], { color, toValue }) {
  const { ctx } = frame;
  const path = new Path2D();
  /** @type {[number, number][]} */
  const back = [];
  eachPoint(frame, sight, upper, toValue, (x, y) => path.lineTo(x, y));
  eachPoint(frame, sight, lower, toValue, (x, y) => back.push([x, y]));
  for (const [x, y] of back.reverse()) path.lineTo(x, y);
  ctx.save();
  ctx.globalAlpha = 0.07;
  ctx.fillStyle = color;
  ctx.fill(path);
  ctx.restore();
}

/**
 * Paints bars from 0 up and down.
 * @param {Frame} frame
 * @param {Sight} sight
 * @param {Float64Array} values
 * @param {Colors} colors
 */
export function paintBars(frame, sight, values, colors) {
  const { ctx, perMs } = frame;
  const zero = frame.y(0);
  const width = Math.max(1, Math.floor(2 * sight.middleMs * perMs * 0.6));
  const paths = { up: new Path2D(), down: new Path2D() };
  eachPoint(frame, sight, values, (value) => value, (x, y) => {
    const path = y <= zero ? paths.up : paths.down;
    path.rect(Math.round(x - width / 2), Math.min(y, zero), width, Math.abs(y - zero));
  });
  ctx.fillStyle = faint(colors.up, 0.45);
  ctx.fill(paths.up);
  ctx.fillStyle = faint(colors.down, 0.45);
  ctx.fill(paths.down);
}
