// A rectangle of the canvas with its two scales, in canvas pixels.

/** @typedef {{ readonly left: number, readonly top: number, readonly width: number, readonly height: number }} Box */

/**
 * @typedef {object} FrameScales
 * @property {number} from the place on the time axis at the left edge
 * @property {number} to
 * @property {number} low the value at the bottom
 * @property {number} high
 */

export class Frame {
  /**
   * @param {CanvasRenderingContext2D} ctx
   * @param {Box} box
   * @param {FrameScales} scales
   */
  constructor(ctx, box, { from, to, low, high }) {
    this.ctx = ctx;
    this.box = box;
    this.from = from;
    this.low = low;
    this.high = high;
    this.right = box.left + box.width;
    this.bottom = box.top + box.height;
    this.perMs = box.width / (to - from);
    this.perValue = box.height / (high - low);
  }

  /** @param {number} place on the time axis */
  x(place) {
    return this.box.left + (place - this.from) * this.perMs;
  }

  /**
   * The y of a value, limited to one height above and below the box: the rest is invisible, and canvas
   * calls fail with infinite coordinates.
   * @param {number} value
   */
  y(value) {
    const reach = this.high - this.low;
    const near = Math.max(this.low - reach, Math.min(this.high + reach, value));
    return this.bottom - (near - this.low) * this.perValue;
  }

  /** Paints inside the box only. @param {() => void} paint */
  clipped(paint) {
    const { ctx, box } = this;
    ctx.save();
    ctx.beginPath();
    ctx.rect(box.left, box.top, box.width, box.height);
    ctx.clip();
    paint();
    ctx.restore();
  }
}
