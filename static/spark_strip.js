// The curves of all visible rows on one canvas. One canvas per row would cost one layer each in every frame.

import { POINTS } from "./sparks.js";

/** @import { Spark } from "./sparks.js" */

/** In CSS pixels, as in the style sheet. Reading it from the document would force a layout. */
const WIDTH = 84;
const PADDING = 6;
const STALE_ALPHA = 0.5;

export class SparkStrip {
  element = document.createElement("canvas");
  #context = this.element.getContext("2d");
  #rowPixels;
  #first = 0;
  /** Describes the curve in each row. @type {string[]} */
  #drawn = [];

  /** @param {number} rowPixels */
  constructor(rowPixels) {
    this.#rowPixels = rowPixels;
    this.element.ariaHidden = "true";
    this.element.className = "strip";
  }

  /** @param {number} rowPixels */
  set rowPixels(rowPixels) {
    this.#rowPixels = rowPixels;
  }

  /**
   * Covers a range of rows and clears the canvas.
   * @param {{ first: number, count: number, left: number }} place
   */
  lay({ first, count, left }) {
    const { element } = this;
    const height = count * this.#rowPixels;
    const [width, tall] = [WIDTH * devicePixelRatio, height * devicePixelRatio].map(Math.round);
    // Setting the size clears a canvas.
    element.width = width ?? 0;
    element.height = tall ?? 0;
    element.style.height = `${height}px`;
    element.style.top = `${first * this.#rowPixels}px`;
    element.style.left = `${left}px`;
    this.#first = first;
    this.#drawn = [];
  }

  /**
   * Draws the curve of a row if it has changed.
   * @param {number} index
   * @param {string} symbol
   * @param {Spark | undefined} spark
   * @param {{ color: string, isStale: boolean }} style
   */
  draw(index, symbol, spark, { color, isStale }) {
    const place = index - this.#first;
    const drawn = `${symbol} ${spark?.version} ${color} ${isStale}`;
    if (drawn === this.#drawn[place] || this.#context === null) return;
    this.#drawn[place] = drawn;
    const context = this.#context;
    const height = this.#rowPixels;
    context.setTransform(devicePixelRatio, 0, 0, devicePixelRatio, 0, 0);
    context.clearRect(0, place * height, WIDTH, height);
    const closes = spark?.closes ?? [];
    if (closes.length < 2) return;
    // Use halves: the difference of two large prices may overflow.
    const low = Math.min(...closes) / 2;
    const scale = (height - 2 * PADDING) / (Math.max(...closes) / 2 - low);
    const bottom = (place + 1) * height - PADDING;
    // A flat curve lies in the middle.
    const y = (/** @type {number} */ close) =>
      Number.isFinite(scale) ? bottom - (close / 2 - low) * scale : bottom - height / 2 + PADDING;
    const step = WIDTH / (POINTS - 1);
    const left = (POINTS - closes.length) * step;
    context.beginPath();
    closes.forEach((close, point) => context.lineTo(left + point * step, y(close)));
    context.globalAlpha = isStale ? STALE_ALPHA : 1;
    context.strokeStyle = color;
    context.lineWidth = 1.25;
    context.lineJoin = "round";
    context.stroke();
    context.globalAlpha = 1;
  }
}
