// Drawn lines and the measure as a layer over a chart.

import { changeText, durationText, percentText, priceText } from "./format.js";
import { faint, FONT_FAMILY } from "./paint.js";
import { scaled } from "./plot_data.js";

/** @import { Frame } from "./frame.js" */
/** @import { Line, Point } from "./kept_lines.js" */
/** @import { Layer, Prepared } from "./layer.js" */
/** @import { Colors } from "./paint.js" */
/** @import { PlotData, View } from "./plot_data.js" */

/**
 * @typedef {object} Shown
 * @property {string} symbol
 * @property {number} version of the lines
 * @property {readonly Line[]} lines
 * @property {number | undefined} chosen
 * @property {{ from: Point, to: Point } | undefined} measured
 */

/** @implements {Layer} */
export class LineLayer {
  #shown;

  /** @param {() => Shown} shown */
  constructor(shown) {
    this.#shown = shown;
  }

  /** @param {View} _view */
  describe(_view) {
    const { version, lines, chosen, measured } = this.#shown();
    return JSON.stringify([version, lines, chosen, measured?.from, measured?.to]);
  }

  /** @param {View} _view @returns {Prepared} */
  prepare(_view) {
    return {};
  }

  /** @param {View} _view @returns {[]} */
  words(_view) {
    return [];
  }

  /** @param {Frame} frame @param {PlotData} plotData @param {Colors} colors */
  paint(frame, plotData, colors) {
    const { lines, chosen, measured } = this.#shown();
    const [lead] = plotData.strands;
    if (lead === undefined) return;
    const { axis } = plotData.view;
    const x = (/** @type {number} */ time) => frame.x(axis.toAxis(time));
    const y = (/** @type {number} */ price) => frame.y(scaled(price, lead.scale));
    const place = (/** @type {Point} */ { time, price }) => ({ x: x(time), y: y(price) });
    lines.forEach((line, index) => {
      const isChosen = index === chosen;
      if (line.kind === "level") {
        const text = priceText(line.price, plotData.view.decimals);
        paintLevel(frame, y(line.price), text, { color: colors.accent, isChosen });
      } else {paintTrend(frame, place(line.from), place(line.to), {
          color: colors.accent,
          isChosen,
        });}
    });
    if (measured === undefined) return;
    const { from, to } = measured;
    const isUp = to.price >= from.price;
    const color = isUp ? colors.up : colors.down;
    paintMeasure(frame, place(from), place(to), {
      color,
      colors,
      texts: textsOf(plotData.view, measured),
    });
  }
}

/** @typedef {{ x: number, y: number }} Place in canvas pixels */

/** @param {Frame} frame @param {number} y @param {string} text @param {{ color: string, isChosen: boolean }} style */
function paintLevel({ ctx, box, right }, y, text, { color, isChosen }) {
  const ratio = devicePixelRatio;
  ctx.save();
  ctx.fillStyle = color;
  ctx.fillRect(box.left, Math.round(y), box.width, (isChosen ? 2 : 1) * ratio);
  ctx.font = `${11 * ratio}px ${FONT_FAMILY}`;
  ctx.textAlign = "right";
  ctx.textBaseline = "bottom";
  ctx.fillText(text, right - 6 * ratio, y - 2 * ratio);
  ctx.restore();
}

/** @param {Frame} frame @param {Place} from @param {Place} to @param {{ color: string, isChosen: boolean }} style */
function paintTrend({ ctx }, from, to, { color, isChosen }) {
  const ratio = devicePixelRatio;
  ctx.save();
  ctx.strokeStyle = ctx.fillStyle = color;
  ctx.lineWidth = (isChosen ? 2 : 1.4) * ratio;
  ctx.beginPath();
  ctx.moveTo(from.x, from.y);
  ctx.lineTo(to.x, to.y);
  ctx.stroke();
  if (isChosen) {
    for (const { x, y } of [from, to]) {
      ctx.beginPath();
      ctx.arc(x, y, 4 * ratio, 0, 2 * Math.PI);
      ctx.fill();
    }
  }
  ctx.restore();
}

/**
 * @param {Frame} frame
 * @param {Place} from
 * @param {Place} to
 * @param {{ color: string, colors: Colors, texts: readonly string[] }} style
 */
function paintMeasure({ ctx, box, right }, from, to, { color, colors, texts }) {
  const ratio = devicePixelRatio;
  const [left, top] = [Math.min(from.x, to.x), Math.min(from.y, to.y)];
  const [width, height] = [Math.abs(to.x - from.x), Math.abs(to.y - from.y)];
  ctx.save();
  ctx.fillStyle = faint(color, 0.14);
  ctx.fillRect(left, top, width, height);
  ctx.strokeStyle = color;
  ctx.lineWidth = ratio;
  ctx.strokeRect(left, top, width, height);
  ctx.font = `600 ${12 * ratio}px ${FONT_FAMILY}`;
  ctx.textBaseline = "middle";
  const line = 18 * ratio;
  const wide = Math.max(...texts.map((text) => ctx.measureText(text).width)) + 16 * ratio;
  const tall = texts.length * line + 8 * ratio;
  const x = Math.min(right - wide, Math.max(box.left, left + width / 2 - wide / 2));
  const below = top + height + 6 * ratio;
  const y = below + tall < box.top + box.height ? below : Math.max(box.top, top - tall - 6 * ratio);
  ctx.fillStyle = color;
  ctx.beginPath();
  ctx.roundRect(x, y, wide, tall, 4 * ratio);
  ctx.fill();
  ctx.fillStyle = colors.panel;
  texts.forEach((text, place) =>
    ctx.fillText(text, x + 8 * ratio, y + 4 * ratio + (place + 0.5) * line)
  );
  ctx.restore();
}

/**
 * The texts of a measure: change, number of bars and duration.
 * @param {Pick<View, "parts" | "decimals" | "interval">} view
 * @param {{ from: Point, to: Point }} measured
 * @returns {string[]}
 */
export function textsOf({ parts: [lead], decimals, interval }, { from, to }) {
  const change = to.price - from.price;
  const percent = from.price === 0 ? null : change / Math.abs(from.price);
  const points = lead === undefined
    ? 0
    : lead.series.indexAt(to.time) - lead.series.indexAt(from.time);
  const count = `${Math.abs(points)} ${interval === "tick" ? "tick" : "bar"}${
    Math.abs(points) === 1 ? "" : "s"
  }`;
  return [
    `${changeText(change, decimals)}  ${percentText(percent)}`,
    `${count}, ${durationText(Math.abs(to.time - from.time))}`,
  ];
}
