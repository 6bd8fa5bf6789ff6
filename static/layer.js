// Layers over a chart, such as indicators, lines and the measure. The page loads them on first use.

/** @import { Frame } from "./frame.js" */
/** @import { Colors } from "./paint.js" */
/** @import { Word } from "./readout.js" */
/** @import { Strand, PlotData, View } from "./plot_data.js" */

/**
 * A strip below the prices with its own scale.
 * @typedef {object} Pane
 * @property {string} title
 * @property {number} low
 * @property {number} high
 * @property {readonly number[]} marks values with a line and a label
 * @property {(value: number) => string} text
 * @property {(frame: Frame, colors: Colors) => void} paint
 * @property {(index: number) => readonly Word[]} words values for the readout, at an index of the leading series
 */

/**
 * What a layer adds to a scene. `reach` is in prices of the leading symbol.
 * @typedef {{ reach?: { min: number, max: number } | undefined, panes?: readonly Pane[] }} Prepared
 */

/**
 * @typedef {object} Layer
 * @property {(view: View) => string} describe a text that changes whenever the layer must be
 *   painted again
 * @property {(view: View, canvas: { width: number, lead: Strand | undefined }) => Prepared} prepare
 * @property {(frame: Frame, scene: PlotData, colors: Colors) => void} paint over the prices
 * @property {(view: View, index: number) => readonly Word[]} words values for the readout at an index
 */

/** Shares of the height: the default and the minimum for each pane, and the maximum for all panes. */
export const PANE_SHARE = 0.2;
export const PANE_SHARE_MIN = 0.08;
export const PANES_SHARE_MAX = 0.7;
