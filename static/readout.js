// The values under the pointer: in words at the chart's corner, and as labels on both axes.

import { PART_COLORS } from "./chart.js";
import { dayTimeText, percentText, priceText, volumeText } from "./format.js";
import { INTERVALS } from "./interval.js";
import { scaled } from "./scene.js";

/** @import { Chart } from "./chart.js" */
/** @import { View } from "./scene.js" */

/** @typedef {{ text: string, label?: string, className?: string }} Word */

/** Writes words, each with its label in a span of its own, and only what differs. */
export class Words {
  #host;
  /** @type {{ element: HTMLElement, label: Text, text: Text, value: HTMLElement }[]} */
  #words = [];

  /** @param {HTMLElement} host */
  constructor(host) {
    this.#host = host;
  }

  /** @param {readonly Word[]} words */
  show(words) {
    words.forEach(({ text, label = "", className = "" }, place) => {
      const word = this.#words[place] ??= this.#add();
      if (word.label.data !== label) word.label.data = label;
      if (word.text.data !== text) word.text.data = text;
      if (word.value.className !== className) word.value.className = className;
      word.element.hidden = false;
    });
    for (const { element } of this.#words.slice(words.length)) element.hidden = true;
  }

  #add() {
    const element = document.createElement("span");
    const name = document.createElement("span");
    const value = document.createElement("span");
    const [label, text] = [new Text(""), new Text("")];
    name.className = "name";
    name.append(label);
    value.append(text);
    element.append(name, " ", value);
    this.#host.append(element, " ");
    return { element, label, text, value };
  }
}

/**
 * @typedef {object} ReadoutOptions
 * @property {HTMLElement} host of the words
 * @property {HTMLElement} plot the chart's host
 * @property {HTMLElement} timeLabel
 * @property {HTMLElement} priceLabel
 */

export class Readout {
  #options;
  #words;
  /** Where the pointer is, from the corner of the chart's host. @type {{ x: number, y: number } | undefined} */
  #pointer;
  /** What the words tell, as text; when it would be the same, nothing is written. */
  #shown = "";

  /** @param {ReadoutOptions} options */
  constructor(options) {
    this.#options = options;
    this.#words = new Words(options.host);
    options.plot.addEventListener("pointermove", ({ clientX, clientY }) => {
      const { left, top } = options.plot.getBoundingClientRect();
      this.#pointer = { x: clientX - left, y: clientY - top };
    });
    options.plot.addEventListener("pointerleave", () => this.#pointer = undefined);
  }

  /** To be called once per animation frame. @param {View} view @param {Chart} chart */
  show(view, chart) {
    const { area } = chart;
    const pointer = this.#pointer;
    const isInside = pointer !== undefined && chart.canvas !== undefined &&
      pointer.x >= area.left && pointer.x <= area.left + area.width &&
      pointer.y >= area.top && pointer.y <= area.top + area.height;
    const { from, to } = view.window;
    const shown = [
      pointer?.x,
      pointer?.y,
      from,
      to,
      chart.draws,
      ...view.parts.map(({ series }) => series.version),
    ].join(" ");
    if (shown === this.#shown) return;
    this.#shown = shown;
    const time = isInside ? from + (pointer.x - area.left) / area.width * (to - from) : Infinity;
    this.#words.show(wordsOf(view, time, chart));
    this.#label(view, chart, isInside ? pointer : undefined, time);
  }

  /**
   * @param {View} view
   * @param {Chart} chart
   * @param {{ x: number, y: number } | undefined} pointer
   * @param {number} time
   */
  #label(view, chart, pointer, time) {
    const { timeLabel, priceLabel } = this.#options;
    const { strands: [lead] = [], decimals = 2 } = chart.scene ?? {};
    const isShown = pointer !== undefined && lead !== undefined;
    timeLabel.hidden = priceLabel.hidden = !isShown;
    if (!isShown) return;
    const { area } = chart;
    const series = view.parts[0]?.series;
    const index = series?.indexAt(time) ?? -1;
    const snapped = view.interval === "tick"
      ? time
      : series?.at("time", Math.max(0, index)) ?? time;
    const value = chart.valueAt(pointer.y - area.top);
    write(timeLabel, dayTimeText(snapped, view.interval === "tick"));
    write(priceLabel, priceText(value, decimals) + (lead.base === undefined ? "" : " %"));
    const x = Math.min(area.left + area.width - 60, Math.max(60, pointer.x));
    timeLabel.style.transform = `translate(${x}px, ${area.top + area.height}px) translateX(-50%)`;
    priceLabel.style.transform = `translate(${
      area.left + area.width
    }px, ${pointer.y}px) translateY(-50%)`;
  }
}

/** The place of the bar's middle that is nearest, so that the crosshair stands on it. */
export function snapTo(
  /** @type {View} */ view,
  /** @type {Chart} */ chart,
  /** @type {number} */ left,
) {
  const series = view.parts[0]?.series;
  const length = INTERVALS[view.interval];
  if (left < 0 || length === 0 || series === undefined) return left;
  const { from, to } = view.window;
  const perPixel = (to - from) / chart.area.width;
  const start = series.at("time", Math.max(0, series.indexAt(from + left * perPixel)));
  return start === undefined ? left : (start + length / 2 - from) / perPixel;
}

/** @param {View} view @param {number} time @param {Chart} chart @returns {Word[]} */
function wordsOf({ parts, interval, decimals }, time, chart) {
  const [lead] = parts;
  if (lead === undefined || lead.series.length === 0) return [];
  if (parts.length > 1) return comparedWords(parts, time, chart, interval);
  const { series } = lead;
  const index = Math.max(0, series.indexAt(time));
  const at = (/** @type {string} */ field) => series.at(field, index) ?? 0;
  const when = { text: dayTimeText(at("time"), interval === "tick"), className: "when" };
  if (interval === "tick") {
    return [
      when,
      { label: "Price", text: priceText(at("price"), decimals) },
      { label: "Size", text: volumeText(at("size")) },
    ];
  }
  const [open, close] = [at("open"), at("close")];
  const className = close < open ? "down" : "up";
  const price = (/** @type {string} */ label, /** @type {string} */ field) => ({
    label,
    text: priceText(at(field), decimals),
    className,
  });
  return [
    when,
    price("O", "open"),
    price("H", "high"),
    price("L", "low"),
    price("C", "close"),
    { text: percentText(open === 0 ? null : close / open - 1), className },
    { label: "V", text: volumeText(at("volume")) },
  ];
}

/**
 * @param {View["parts"]} parts
 * @param {number} time
 * @param {Chart} chart
 * @param {View["interval"]} interval
 * @returns {Word[]}
 */
function comparedWords(parts, time, chart, interval) {
  return parts.flatMap(({ symbol, series }, place) => {
    const index = Math.max(0, series.indexAt(time));
    const price = series.at(interval === "tick" ? "price" : "close", index);
    const base = chart.scene?.strands.find((strand) => strand.symbol === symbol)?.base;
    if (price === undefined || base === undefined) return [];
    const className = `part ${PART_COLORS[place] ?? ""}`;
    return [{ text: symbol, className }, { text: percentText(scaled(price, base) / 100) }];
  });
}

/** @param {HTMLElement} target @param {string} text */
function write(target, text) {
  if (target.textContent !== text) target.textContent = text;
}
