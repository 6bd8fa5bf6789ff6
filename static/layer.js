// What can be laid over a chart: indicators, lines, a measured distance. A layer is loaded when it is used.

/** @import { Frame } from "./frame.js" */
/** @import { Colors } from "./paint.js" */
/** @import { Word } from "./readout.js" */
/** @import { Strand, Scene, View } from "./scene.js" */

/**
 * A strip below the prices with a scale of its own.
 * @typedef {object} Pane
 * @property {string} title
 * @property {number} low
 * @property {number} high
 * @property {readonly number[]} marks values that have a line and a label
 * @property {(value: number) => string} text
 * @property {(frame: Frame, colors: Colors) => void} paint
 * @property {(index: number) => readonly Word[]} words of the point at an index of the leading series
 */

/**
 * What a layer adds to a scene; `reach` in prices of the leading symbol.
 * @typedef {{ reach?: { min: number, max: number } | undefined, panes?: readonly Pane[] }} Prepared
 */

/**
 * @typedef {object} Layer
 * @property {(view: View) => string} describe what it shows, as text: when it would be the same, it is not
 *   drawn anew
 * @property {(view: View, canvas: { width: number, lead: Strand | undefined }) => Prepared} prepare
 * @property {(frame: Frame, scene: Scene, colors: Colors) => void} paint over the prices
 * @property {(view: View, index: number) => readonly Word[]} words for the readout, of the point at an index
 */

/** Share of the height that each pane takes at first, at the least, and all of them at the most. */
export const PANE_SHARE = 0.2;
export const PANE_SHARE_MIN = 0.08;
export const PANES_SHARE_MAX = 0.7;
