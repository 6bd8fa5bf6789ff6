// Moves and zooms the chart with touch, mouse and keys.

/** @import { Chart } from "./chart.js" */
/** @import { Extent, Viewport } from "./viewport.js" */

/** @typedef {{ x: number, y: number }} Place from the corner of the chart's host */

/**
 * Handles a press of the pointer in place of the chart.
 * @typedef {object} Grip
 * @property {(place: Place) => void} move
 * @property {(place: Place) => void} end
 */

/**
 * @typedef {object} GesturesOptions
 * @property {HTMLElement} host
 * @property {Chart} chart
 * @property {Viewport} viewport
 * @property {() => Extent} extent
 * @property {(place: Place, event: PointerEvent) => Grip | undefined} grab
 */

const WHEEL_FACTOR = 1.0015;
const WHEEL_DELTA_MAX = 120;
const KEY_ZOOM = 1.25;
const KEY_PAN_SHARE = 0.1;
const AXIS_DRAG_FACTOR = 1.006;

/** @typedef {"plot" | "time" | "price" | "pane"} Zone the last one is the border above the panes */

export class Gestures {
  #options;
  /** The place of each pressed pointer. @type {Map<number, { x: number, y: number }>} */
  #pointers = new Map();
  /** @type {Zone} */
  #zone = "plot";
  /** @type {{ id: number, grip: Grip } | undefined} */
  #held;

  /** @param {GesturesOptions} options */
  constructor(options) {
    this.#options = options;
    const { host, chart, viewport } = options;
    host.addEventListener("pointerdown", (event) => this.#pressed(event));
    host.addEventListener("pointermove", (event) => this.#moved(event));
    for (const end of /** @type {const} */ (["pointerup", "pointercancel", "lostpointercapture"])) {
      host.addEventListener(end, (event) => this.#released(event));
    }
    host.addEventListener("wheel", (event) => this.#turned(event), { passive: false });
    host.addEventListener("keydown", (event) => this.#keyed(event));
    host.addEventListener("dblclick", (event) => {
      if (this.#zoneOf(event) !== "price") viewport.set({});
      chart.fit();
    });
  }

  /** @param {MouseEvent} event */
  #placeOf({ clientX, clientY }) {
    const { left, top } = this.#options.host.getBoundingClientRect();
    return { x: clientX - left, y: clientY - top };
  }

  /** @param {MouseEvent} event @returns {Zone} */
  #zoneOf(event) {
    const { x, y } = this.#placeOf(event);
    const { chart } = this.#options;
    const { left, top, width, height } = chart.area;
    if (x > left + width) return "price";
    if (y > top + height) return "time";
    return chart.isPaneBorder(y - top) ? "pane" : "plot";
  }

  /** @param {number} x */
  #timeAt(x) {
    const { chart, viewport, extent } = this.#options;
    const { left, width } = chart.area;
    return viewport.timeAt((x - left) / width, extent());
  }

  get #msPerPixel() {
    const { chart, viewport, extent } = this.#options;
    const { from, to } = viewport.sight(extent());
    return (to - from) / chart.area.width;
  }

  /** @param {PointerEvent} event */
  #pressed(event) {
    if (event.button !== 0) return;
    if (this.#pointers.size === 0) this.#zone = this.#zoneOf(event);
    const grip = this.#pointers.size === 0 && this.#zone === "plot"
      ? this.#options.grab(this.#placeOf(event), event)
      : undefined;
    this.#held = grip && { id: event.pointerId, grip };
    this.#pointers.set(event.pointerId, this.#placeOf(event));
    // Follow a finger also outside the chart.
    try {
      this.#options.host.setPointerCapture(event.pointerId);
    } catch {
      // The pointer is already up.
    }
    this.#options.host.classList.add("is-moving");
  }

  /** @param {PointerEvent} event */
  #moved(event) {
    const before = this.#pointers.get(event.pointerId);
    if (before === undefined) {
      this.#options.host.dataset["zone"] = this.#zoneOf(event);
      return;
    }
    const place = this.#placeOf(event);
    if (this.#held?.id === event.pointerId) this.#held.grip.move(place);
    else if (this.#pointers.size === 1) this.#drag(before, place);
    else this.#pinch(event.pointerId, before, place);
    this.#pointers.set(event.pointerId, place);
  }

  /** @param {PointerEvent} event */
  #released(event) {
    const { pointerId } = event;
    if (this.#held?.id === pointerId) {
      this.#held.grip.end(this.#placeOf(event));
      this.#held = undefined;
    }
    this.#pointers.delete(pointerId);
    if (this.#pointers.size === 0) this.#options.host.classList.remove("is-moving");
  }

  /**
   * @param {{ x: number, y: number }} before
   * @param {{ x: number, y: number }} place
   */
  #drag(before, place) {
    const { chart, viewport, extent } = this.#options;
    const [dx, dy] = [place.x - before.x, place.y - before.y];
    if (this.#zone === "price") return chart.stretch(AXIS_DRAG_FACTOR ** dy);
    if (this.#zone === "pane") {
      chart.growPanes(-dy);
      // Setting the range has the address written again, which stores the share.
      return viewport.set(viewport.range);
    }
    if (this.#zone === "plot") return viewport.pan(-dx * this.#msPerPixel, extent());
    const { to } = viewport.window(extent());
    viewport.zoom(AXIS_DRAG_FACTOR ** -dx, to, extent());
  }

  /**
   * Keeps the times under two fingers in place.
   * @param {number} id
   * @param {{ x: number, y: number }} before
   * @param {{ x: number, y: number }} place
   */
  #pinch(id, before, place) {
    const { viewport, extent } = this.#options;
    const other = [...this.#pointers].find(([each]) => each !== id)?.[1];
    if (other === undefined) return;
    const [apart, now] = [Math.abs(before.x - other.x), Math.abs(place.x - other.x)];
    if (apart > 4 && now > 4) viewport.zoom(apart / now, this.#timeAt(other.x), extent());
  }

  /** @param {WheelEvent} event */
  #turned(event) {
    event.preventDefault();
    const { chart, viewport, extent } = this.#options;
    const { deltaX, deltaY, shiftKey, deltaMode } = event;
    const unit = deltaMode === WheelEvent.DOM_DELTA_LINE ? 32 : 1;
    const sideways = shiftKey && deltaX === 0 ? deltaY : deltaX;
    if (shiftKey || Math.abs(deltaX) > Math.abs(deltaY)) {
      return viewport.pan(sideways * unit * this.#msPerPixel, extent());
    }
    const delta = Math.min(WHEEL_DELTA_MAX, Math.max(-WHEEL_DELTA_MAX, deltaY * unit));
    const factor = WHEEL_FACTOR ** delta;
    if (this.#zoneOf(event) === "price") chart.stretch(factor);
    else viewport.zoom(factor, this.#timeAt(this.#placeOf(event).x), extent());
  }

  /** @param {KeyboardEvent} event */
  #keyed(event) {
    if (event.altKey || event.ctrlKey || event.metaKey) return;
    const { chart, viewport, extent } = this.#options;
    const { from, to } = viewport.sight(extent());
    const middle = viewport.timeAt(0.5, extent());
    const step = (to - from) * KEY_PAN_SHARE * (event.shiftKey ? 5 : 1);
    switch (event.key) {
      case "ArrowLeft":
        viewport.pan(-step, extent());
        break;
      case "ArrowRight":
        viewport.pan(step, extent());
        break;
      case "ArrowUp":
      case "+":
      case "=":
        viewport.zoom(1 / KEY_ZOOM, middle, extent());
        break;
      case "ArrowDown":
      case "-":
        viewport.zoom(KEY_ZOOM, middle, extent());
        break;
      case "Home":
        viewport.pan(-Number.MAX_SAFE_INTEGER, extent());
        break;
      case "End":
        viewport.follow();
        break;
      case "0":
        viewport.set({});
        chart.fit();
        break;
      default:
        return;
    }
    event.preventDefault();
  }
}
