// The timeline: the number of ticks over the whole tape, and the shown moment.

import { dayTimeText, timeText } from "./format.js";
import { INTERVALS, isInterval } from "./interval.js";
import { timeMarks } from "./scale.js";

/** @import { Colors } from "./paint.js" */

/**
 * The number of ticks in each interval, from the server.
 * @typedef {{ from: number, interval: string, counts: readonly number[] }} Activity
 */

/**
 * @typedef {object} TimelineOptions
 * @property {HTMLElement} host a slider
 * @property {HTMLCanvasElement} canvas
 * @property {(time: number) => void} seek
 * @property {() => void} live
 */

const WEEK_MS = 604_800_000;
const LABEL_PIXELS = 110;
const LABEL_HEIGHT = 14;
const ZOOM_FACTOR = 1.0018;
const SPAN_MS_MIN = 60_000;
const KEY_SHARE = 0.01;

export class Timeline {
  #options;
  /** @type {Activity | undefined} */
  #activity;
  #version = 0;
  #size = { width: 0, height: 0 };
  /** The visible part of the tape; undefined shows all. @type {{ from: number, to: number } | undefined} */
  #part;
  #present = 0;
  #shown = 0;
  #drawn = "";
  /** The second that screen readers have been given. */
  #said = NaN;
  /** @type {number | undefined} */
  #pointer;

  /** @param {TimelineOptions} options */
  constructor(options) {
    this.#options = options;
    const { host } = options;
    new ResizeObserver(() => {
      this.#size = { width: host.clientWidth, height: host.clientHeight };
    }).observe(host);
    host.addEventListener("pointerdown", (event) => {
      if (event.button !== 0) return;
      host.setPointerCapture(event.pointerId);
      this.#pointer = event.pointerId;
      this.#seekTo(event);
    });
    host.addEventListener("pointermove", (event) => {
      if (event.pointerId === this.#pointer) this.#seekTo(event);
    });
    for (const end of /** @type {const} */ (["pointerup", "pointercancel"])) {
      host.addEventListener(end, () => this.#pointer = undefined);
    }
    host.addEventListener("wheel", (event) => this.#turned(event), { passive: false });
    host.addEventListener("dblclick", () => this.#part = undefined);
    host.addEventListener("keydown", (event) => this.#pressed(event));
  }

  /** @param {Activity} activity */
  set activity(activity) {
    this.#activity = activity;
    this.#version++;
  }

  /** Draws all again, because the format of its texts has changed. */
  touch() {
    this.#drawn = "";
    this.#said = NaN;
  }

  /** Whether the user is dragging the moment. */
  get isDragged() {
    return this.#pointer !== undefined;
  }

  get #range() {
    const from = Math.min(this.#activity?.from ?? Infinity, this.#present - SPAN_MS_MIN);
    return this.#part ?? { from, to: this.#present };
  }

  /**
   * Call it once per animation frame.
   * @param {number} time shown now
   * @param {number} present
   * @param {boolean} isLive
   * @param {Colors} colors
   */
  draw(time, present, isLive, colors) {
    this.#present = present;
    this.#shown = time;
    this.#say(time, isLive);
    const { width, height } = this.#size;
    if (width < 1 || height < 1) return;
    const { from, to } = this.#range;
    // Draw only after a visible change. The step is a power of 2, so that it rarely changes itself.
    const step = 2 ** Math.floor(Math.log2((to - from) / (width * devicePixelRatio)));
    const places = [from, to, time].map((each) => Math.round(each / step));
    const drawn = [...places, this.#version, width, height, devicePixelRatio, isLive, colors.text]
      .join(" ");
    if (drawn === this.#drawn) return;
    this.#drawn = drawn;
    this.#paint(time, isLive, colors);
  }

  /** @param {number} time @param {boolean} isLive */
  #say(time, isLive) {
    const second = isLive ? 0 : Math.floor(time / 1_000);
    if (second === this.#said) return;
    this.#said = second;
    const said = isLive ? "Live" : dayTimeText(time);
    const { host } = this.#options;
    const { from, to } = this.#range;
    host.ariaValueText = said;
    host.ariaValueMin = String(Math.floor(from / 1_000));
    host.ariaValueMax = String(Math.ceil(to / 1_000));
    host.ariaValueNow = String(Math.round(Math.min(to, Math.max(from, time)) / 1_000));
  }

  /** @param {number} time @param {boolean} isLive @param {Colors} colors */
  #paint(time, isLive, colors) {
    const { canvas } = this.#options;
    const ratio = devicePixelRatio;
    const [width, height] = [this.#size.width, this.#size.height].map((size) =>
      Math.round(size * ratio)
    );
    if (width === undefined || height === undefined) return;
    if (canvas.width !== width || canvas.height !== height) {
      Object.assign(canvas, { width, height });
    }
    const context = canvas.getContext("2d");
    if (context === null) return;
    const { from, to } = this.#range;
    const x = (/** @type {number} */ each) => (each - from) / (to - from) * width;
    const floor = height - LABEL_HEIGHT * ratio;
    context.clearRect(0, 0, width, height);
    const played = Math.round(isLive ? width : x(time));
    this.#paintBars(context, x, floor, played, isLive ? colors.accent : colors.warn, colors);
    this.#paintLabels(context, x, height, colors);
    if (isLive) return;
    context.fillStyle = colors.warn;
    context.fillRect(played - ratio, 0, 2 * ratio, floor);
    context.beginPath();
    context.arc(played, 5 * ratio, 5 * ratio, 0, 2 * Math.PI);
    context.fill();
  }

  /**
   * @param {CanvasRenderingContext2D} context
   * @param {(time: number) => number} x
   * @param {number} floor
   * @param {number} played x of the shown moment
   * @param {string} color
   * @param {Colors} colors
   */
  #paintBars(context, x, floor, played, color, colors) {
    if (this.#activity === undefined) return;
    const { from, interval, counts } = this.#activity;
    const length = isInterval(interval) ? INTERVALS[interval] : WEEK_MS;
    const highest = Math.max(1, ...counts);
    const gap = x(from + length) - x(from) > 4 ? devicePixelRatio : 0;
    const [before, after] = [new Path2D(), new Path2D()];
    counts.forEach((count, place) => {
      if (count === 0) return;
      const left = Math.round(x(from + place * length));
      const right = Math.max(left + 1, Math.round(x(from + (place + 1) * length)) - gap);
      // The square root keeps quiet hours visible beside busy ones.
      const height = Math.max(1, Math.round(Math.sqrt(count / highest) * (floor - 8)));
      const split = Math.min(right, Math.max(left, played));
      before.rect(left, floor - height, split - left, height);
      after.rect(split, floor - height, right - split, height);
    });
    context.fillStyle = color;
    context.globalAlpha = 0.55;
    context.fill(before);
    context.fillStyle = colors.muted;
    context.globalAlpha = 0.35;
    context.fill(after);
    context.globalAlpha = 1;
    context.fillStyle = colors.line;
    context.fillRect(0, floor, this.#size.width * devicePixelRatio, devicePixelRatio);
  }

  /**
   * @param {CanvasRenderingContext2D} context
   * @param {(time: number) => number} x
   * @param {number} height
   * @param {Colors} colors
   */
  #paintLabels(context, x, height, colors) {
    const { from, to } = this.#range;
    const { stepMs, times } = timeMarks(from, to, this.#size.width / LABEL_PIXELS);
    context.fillStyle = colors.muted;
    context.font = `${10 * devicePixelRatio}px system-ui, sans-serif`;
    context.textBaseline = "bottom";
    context.textAlign = "center";
    const margin = 30 * devicePixelRatio;
    for (const time of times) {
      if (x(time) < margin || x(to) - x(time) < margin) continue;
      context.fillText(timeText(time, stepMs), x(time), height);
    }
  }

  /** @param {PointerEvent} event */
  #seekTo({ clientX }) {
    const { host, seek, live } = this.#options;
    const { left, width } = host.getBoundingClientRect();
    const { from, to } = this.#range;
    const share = Math.max(0, (clientX - left) / width);
    if (share >= 0.998 && to >= this.#present) live();
    else seek(Math.min(this.#present, from + share * (to - from)));
  }

  /** @param {WheelEvent} event */
  #turned(event) {
    event.preventDefault();
    const { left, width } = this.#options.host.getBoundingClientRect();
    const { from, to } = this.#range;
    const all = Math.min(this.#activity?.from ?? Infinity, this.#present - SPAN_MS_MIN);
    const spanMs = Math.max(SPAN_MS_MIN, (to - from) * ZOOM_FACTOR ** event.deltaY);
    const share = (event.clientX - left) / width;
    const start = Math.max(all, from + (to - from) * share - spanMs * share);
    const end = Math.min(this.#present, start + spanMs);
    this.#part =
      end - start >= (this.#present - all) * 0.999 || end >= this.#present && start <= all
        ? undefined
        : { from: end - spanMs, to: end };
  }

  /** @param {KeyboardEvent} event */
  #pressed(event) {
    if (event.altKey || event.ctrlKey || event.metaKey) return;
    const { seek, live } = this.#options;
    const { from, to } = this.#range;
    const step = (to - from) * KEY_SHARE;
    const jump = (/** @type {number} */ ms) => seek(Math.max(from, this.#shown + ms));
    /** @type {Record<string, () => void>} */
    const actions = {
      ArrowLeft: () => jump(-step),
      ArrowDown: () => jump(-step),
      ArrowRight: () => jump(step),
      ArrowUp: () => jump(step),
      PageDown: () => jump(-10 * step),
      PageUp: () => jump(10 * step),
      Home: () => seek(from),
      End: live,
    };
    const action = actions[event.key];
    if (action === undefined) return;
    action();
    event.preventDefault();
  }
}
