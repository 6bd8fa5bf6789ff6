// The values under the pointer: as text in the chart's corner, and as labels on both axes.

import { PART_COLORS } from "./chart.js";
import { dayTimeText, decimalsOf, percentText, priceText, volumeText } from "./format.js";
import { INTERVALS } from "./interval.js";
import { scaled } from "./plot_data.js";

/** @import { Chart } from "./chart.js" */
/** @import { View } from "./plot_data.js" */

/** @typedef {{ text: string, label?: string, className?: string, color?: string }} Word */

/** Writes words, each with a label, and changes only what differs. */
export class Words {
  #host;
  /** @type {{ element: HTMLElement, label: Text, text: Text, value: HTMLElement, color: string }[]} */
  #words = [];

  /** @param {HTMLElement} host */
  constructor(host) {
    this.#host = host;
  }

  /** @param {readonly Word[]} words */
  show(words) {
    words.forEach(({ text, label = "", className = "", color = "" }, place) => {
      const word = this.#words[place] ??= this.#add();
      if (word.label.data !== label) word.label.data = label;
      if (word.text.data !== text) word.text.data = text;
      if (word.value.className !== className) word.value.className = className;
      if (word.color !== color) word.value.style.color = word.color = color;
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
    return { element, label, text, value, color: "" };
  }
}

/**
 * @typedef {object} ReadoutOptions
 * @property {HTMLElement} host contains the words
 * @property {HTMLElement} plot the chart's host
 * @property {HTMLElement} timeLabel
 * @property {HTMLElement} priceLabel
 */

export class Readout {
  /** The time under the pointer in another chart. @type {number | undefined} */
  linkedTime;
  #options;
  #words;
  /** The words of each pane. @type {{ element: HTMLElement, words: Words }[]} */
  #panes = [];
  /** The place of the pointer, relative to the corner of the chart's host. @type {{ x: number, y: number } | undefined} */
  #pointer;
  /** The time under the pointer. @type {number | undefined} */
  #time;
  /** Describes what the words show; an equal description needs no writing. */
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

  /** The place of the pointer, relative to the corner of the chart's host. */
  get pointer() {
    return this.#pointer;
  }

  /** The time under the pointer in this chart. */
  get time() {
    return this.#time;
  }

  /** Writes all texts again, because their format has changed. */
  touch() {
    this.#shown = "";
  }

  /** Call it once per animation frame. @param {View} view @param {Chart} chart */
  show(view, chart) {
    const { area } = chart;
    const pointer = this.#pointer;
    const isInside = pointer !== undefined && chart.canvas !== undefined &&
      pointer.x >= area.left && pointer.x <= area.left + area.width &&
      pointer.y >= area.top && pointer.y <= area.top + area.height;
    const { from, to } = view.sight;
    this.#time = isInside
      ? view.axis.toTime(from + (pointer.x - area.left) / area.width * (to - from))
      : undefined;
    const shown = [
      pointer?.x,
      pointer?.y,
      from,
      to,
      chart.draws,
      this.linkedTime,
      ...view.parts.map(({ series }) => series.version),
    ].join(" ");
    if (shown === this.#shown) return;
    this.#shown = shown;
    const time = this.#time ?? this.linkedTime ?? Infinity;
    const index = Math.max(0, view.parts[0]?.series.indexAt(time) ?? 0);
    const layers = chart.layers.flatMap((layer) => layer.words(view, index));
    this.#words.show([...wordsOf(view, time, chart), ...layers]);
    this.#showPanes(chart, index);
    this.#label(view, chart, isInside ? pointer : undefined);
  }

  /** @param {Chart} chart @param {number} index */
  #showPanes(chart, index) {
    const panes = chart.plotData?.panes ?? [];
    const { area, priceShare } = chart;
    panes.forEach((pane, place) => {
      const { element, words } = this.#panes[place] ??= this.#addPane();
      const top = area.top + area.height * (priceShare + (1 - priceShare) * place / panes.length);
      element.style.transform = `translateY(${Math.round(top + 4)}px)`;
      element.hidden = false;
      words.show([{ text: pane.title, className: "when" }, ...pane.words(index)]);
    });
    for (const { element } of this.#panes.slice(panes.length)) element.hidden = true;
  }

  #addPane() {
    const element = document.createElement("p");
    element.className = "readout pane";
    (this.#panes.at(-1)?.element ?? this.#options.host).after(element);
    return { element, words: new Words(element) };
  }

  /**
   * @param {View} view
   * @param {Chart} chart
   * @param {{ x: number, y: number } | undefined} pointer
   */
  #label(view, chart, pointer) {
    const { timeLabel, priceLabel } = this.#options;
    const { strands: [lead] = [], panes = [] } = chart.plotData ?? {};
    const time = this.#time;
    const isShown = pointer !== undefined && lead !== undefined && time !== undefined;
    timeLabel.hidden = priceLabel.hidden = !isShown;
    if (!isShown) return;
    const { area, priceShare } = chart;
    const series = view.parts[0]?.series;
    const index = series?.indexAt(time) ?? -1;
    const snapped = view.interval === "tick"
      ? time
      : series?.at("time", Math.max(0, index)) ?? time;
    write(timeLabel, dayTimeText(snapped, view.interval === "tick"));
    const below = ((pointer.y - area.top) / area.height - priceShare) / (1 - priceShare);
    const place = below * panes.length;
    const pane = panes[Math.min(panes.length - 1, Math.floor(place))];
    const value = below >= 0 && pane !== undefined
      ? pane.text(pane.high - (place - Math.floor(place)) * (pane.high - pane.low))
      : chart.textOf(chart.valueAt(pointer.y - area.top));
    write(priceLabel, value);
    const x = Math.min(area.left + area.width - 60, Math.max(60, pointer.x));
    timeLabel.style.transform = `translate(${x}px, ${area.top + area.height}px) translateX(-50%)`;
    priceLabel.style.transform = `translate(${
      area.left + area.width
    }px, ${pointer.y}px) translateY(-50%)`;
  }
}

/** The middle of the nearest bar, so that the crosshair stands on it. */
export function snapTo(
  /** @type {View} */ view,
  /** @type {Chart} */ chart,
  /** @type {number} */ left,
) {
  if (left < 0) return left;
  const { sight: { from, to }, axis } = view;
  return placeOf(view, chart, axis.toTime(from + left / chart.area.width * (to - from))) ?? left;
}

/** The middle of the bar at a time, from the left of the area. */
export function placeOf(
  /** @type {View} */ { parts: [lead], sight: { from, to }, interval, axis },
  /** @type {Chart} */ chart,
  /** @type {number} */ time,
) {
  const perPixel = (to - from) / chart.area.width;
  const length = INTERVALS[interval];
  const start = length === 0
    ? time
    : lead?.series.at("time", Math.max(0, lead.series.indexAt(time)));
  return start === undefined ? undefined : (axis.toAxis(start) + length / 2 - from) / perPixel;
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
    { text: percentText(open === 0 ? null : (close - open) / Math.abs(open)), className },
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
    const { scale } = chart.plotData?.strands.find((strand) => strand.symbol === symbol) ?? {};
    if (price === undefined || scale === undefined) return [];
    const className = `part ${PART_COLORS[place] ?? ""}`;
    const text = scale.kind === "percent"
      ? percentText(scaled(price, scale) / 100)
      : priceText(price, decimalsOf(price));
    return [{ text: symbol, className }, { text }];
  });
}

/** @param {HTMLElement} target @param {string} text */
function write(target, text) {
  if (target.textContent !== text) target.textContent = text;
}
