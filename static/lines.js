// Draws and moves horizontal lines, trend lines and the measure.

import { KeptLines } from "./kept_lines.js";
import { LineLayer } from "./line_layer.js";

/** @import { Cell } from "./cell.js" */
/** @import { Grip, Place } from "./gestures.js" */
/** @import { Line, Point } from "./kept_lines.js" */
/** @import { PlotData } from "./plot_data.js" */

const NEAR_PIXELS = 6;
/** A press with a shorter movement is a click. */
const CLICK_PIXELS = 5;

/** @typedef {"level" | "trend"} Tool */

export class Lines {
  kept = new KeptLines();
  /** What the next press will draw. @type {Tool | undefined} */
  tool;
  /** The first end of a trend line, until the user sets the second. @type {{ cell: Cell, from: Point } | undefined} */
  #begun;
  /** @type {{ cell: Cell, from: Point, to: Point } | undefined} */
  #measured;
  /** @type {{ symbol: string, place: number } | undefined} */
  #chosen;

  /** Adds the line layer to a chart. @param {Cell} cell */
  attach(cell) {
    cell.chart.layers.push(new LineLayer(() => this.#shownOn(cell)));
  }

  /** @param {Cell} cell */
  #shownOn(cell) {
    const { symbol } = cell.view;
    const lines = this.kept.of(symbol);
    const pointer = cell.chartView.readout.pointer;
    const begun = this.#begun?.cell === cell ? this.#begun.from : undefined;
    /** @type {Line | undefined} */
    const draft = begun !== undefined && pointer !== undefined
      ? { kind: "trend", from: begun, to: pointAt(cell, pointer) }
      : undefined;
    return {
      symbol,
      version: this.kept.version,
      lines: draft === undefined ? lines : [...lines, draft],
      chosen: this.#chosen?.symbol === symbol ? this.#chosen.place : undefined,
      measured: this.#measured?.cell === cell ? this.#measured : undefined,
    };
  }

  /**
   * @param {Cell} cell
   * @param {Place} place
   * @param {PointerEvent} event
   * @returns {Grip | undefined} `undefined` if the press is not for a line
   */
  grab(cell, place, event) {
    this.#measured = undefined;
    if (this.#begun !== undefined) return this.#end(cell);
    if (this.tool === "level") {
      this.tool = undefined;
      this.addLevel(cell, pointAt(cell, place).price);
      return this.#move(cell, place);
    }
    if (this.tool === "trend") {
      this.tool = undefined;
      this.begin(cell, place);
      return this.#end(cell, place);
    }
    return event.shiftKey ? this.#measure(cell, place) : this.#move(cell, place);
  }

  /** @param {Cell} cell @param {number} price */
  addLevel(cell, price) {
    if (Number.isFinite(price)) this.#add(cell, { kind: "level", price });
  }

  /** Starts a trend line, which ends at the next press. @param {Cell} cell @param {Place} place */
  begin(cell, place) {
    this.#begun = { cell, from: pointAt(cell, place) };
  }

  /** Removes the chosen line, or cancels drawing and measuring. @returns whether there was something */
  cancel(isRemoving = false) {
    const isAnything = (isRemoving ? this.#chosen : this.#begun ?? this.tool ?? this.#measured) !==
      undefined;
    if (isRemoving && this.#chosen !== undefined) {
      this.remove(this.#chosen.symbol, this.#chosen.place);
    }
    this.#begun =
      this.#measured =
      this.tool =
      this.#chosen =
        undefined;
    return isAnything;
  }

  /** @param {string} symbol @param {number} place */
  remove(symbol, place) {
    this.#chosen = undefined;
    this.kept.set(symbol, this.kept.of(symbol).toSpliced(place, 1));
    this.kept.keep();
  }

  /** @param {Cell} cell @param {Line} line */
  #add({ view: { symbol } }, line) {
    this.kept.set(symbol, [...this.kept.of(symbol), line]);
    this.kept.keep();
    this.#chosen = { symbol, place: this.kept.of(symbol).length - 1 };
  }

  /** Handles the press that ends a trend line. A click right at the start sets only the first end. @param {Cell} cell @param {Place} [pressed] @returns {Grip} */
  #end(cell, pressed) {
    return {
      move: () => {},
      end: (place) => {
        const begun = this.#begun;
        const isClick = pressed !== undefined &&
          Math.hypot(place.x - pressed.x, place.y - pressed.y) < CLICK_PIXELS;
        if (begun === undefined || isClick) return;
        this.#begun = undefined;
        if (begun.cell !== cell) return;
        this.#add(cell, { kind: "trend", from: begun.from, to: pointAt(cell, place) });
      },
    };
  }

  /** @param {Cell} cell @param {Place} place @returns {Grip} */
  #measure(cell, place) {
    const from = pointAt(cell, place);
    const move = (/** @type {Place} */ now) => {
      this.#measured = { cell, from, to: pointAt(cell, now) };
    };
    return { move, end: () => {} };
  }

  /** Handles a press on a line, which moves it. @param {Cell} cell @param {Place} place @returns {Grip | undefined} */
  #move(cell, place) {
    const { symbol } = cell.view;
    const found = this.kept.of(symbol).findLastIndex((line) => isNear(cell, line, place));
    const line = this.kept.of(symbol)[found];
    this.#chosen = line === undefined ? undefined : { symbol, place: found };
    if (line === undefined) return undefined;
    const start = pointAt(cell, place);
    const moved = mover(cell, line, place);
    return {
      move: (now) => {
        const lines = this.kept.of(symbol).with(found, moved(pointAt(cell, now), start));
        this.kept.set(symbol, lines);
        this.#chosen = { symbol, place: found };
      },
      end: () => this.kept.keep(),
    };
  }
}

/** The time and the price at a place. @param {Cell} cell @param {Place} place @returns {Point} */
function pointAt({ chart, viewport, chartView }, { x, y }) {
  const { left, top, width } = chart.area;
  return {
    time: viewport.timeAt((x - left) / width, chartView.extent),
    price: chart.priceAt(y - top),
  };
}

/** The place of a point, relative to the corner of the chart's host. @param {Cell} cell @param {Point} point @returns {Place} */
function placeOf({ chart }, { time, price }) {
  const { left, top, width } = chart.area;
  const { sight: { from, to }, axis } = /** @type {PlotData} */ (chart.plotData).view;
  const place = axis.toAxis(time);
  return { x: left + (place - from) / (to - from) * width, y: top + chart.topOf(price) };
}

/** @param {Cell} cell @param {Line} line @param {Place} place */
function isNear(cell, line, place) {
  if (cell.chart.plotData === undefined) return false;
  if (line.kind === "level") {
    return Math.abs(placeOf(cell, { time: 0, price: line.price }).y - place.y) < NEAR_PIXELS;
  }
  const [a, b] = [placeOf(cell, line.from), placeOf(cell, line.to)];
  const [dx, dy] = [b.x - a.x, b.y - a.y];
  const length = dx * dx + dy * dy || 1;
  const share = ((place.x - a.x) * dx + (place.y - a.y) * dy) / length;
  const near = Math.min(1, Math.max(0, share));
  return Math.hypot(a.x + near * dx - place.x, a.y + near * dy - place.y) < NEAR_PIXELS;
}

/**
 * Moves a trend line by the end under the pointer, or as a whole.
 * @param {Cell} cell
 * @param {Line} line
 * @param {Place} place
 * @returns {(now: Point, start: Point) => Line}
 */
function mover(cell, line, place) {
  if (line.kind === "level") return ({ price }) => ({ ...line, price });
  const isAt = (/** @type {Point} */ point) => {
    const { x, y } = placeOf(cell, point);
    return Math.hypot(x - place.x, y - place.y) < 2 * NEAR_PIXELS;
  };
  if (isAt(line.from)) return (now) => ({ ...line, from: now });
  if (isAt(line.to)) return (now) => ({ ...line, to: now });
  return (now, start) => {
    const shift = (/** @type {Point} */ { time, price }) => ({
      time: time + now.time - start.time,
      price: price + now.price - start.price,
    });
    return { ...line, from: shift(line.from), to: shift(line.to) };
  };
}
