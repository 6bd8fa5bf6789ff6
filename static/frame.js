// A rectangle of the canvas in which times and values have their places, in pixels of the canvas.

/** @typedef {{ readonly left: number, readonly top: number, readonly width: number, readonly height: number }} Box */

/**
 * @typedef {object} FrameScales
 * @property {number} from the place of the time axis at the left end
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
   * Nothing is seen of what is farther away than a height, and a distance beyond all numbers would be no
   * place.
   * @param {number} value
   */
  y(value) {
    const reach = this.high - this.low;
    const near = Math.max(this.low - reach, Math.min(this.high + reach, value));
    return this.bottom - (near - this.low) * this.perValue;
  }

  /** Paints in here, and nowhere else. @param {() => void} paint */
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
