/** The files of the page, which are a part of the executable. */
import uplotCss from "uplot/dist/uPlot.min.css" with { type: "text" };
import uplotJs from "uplot/dist/uPlot.iife.min.js" with { type: "text" };
import addressJs from "../../../static/address.js" with { type: "text" };
import axesJs from "../../../static/axes.js" with { type: "text" };
import boardJs from "../../../static/board.js" with { type: "text" };
import boardUpdatesJs from "../../../static/board_updates.js" with { type: "text" };
import cellJs from "../../../static/cell.js" with { type: "text" };
import cellsJs from "../../../static/cells.js" with { type: "text" };
import chartJs from "../../../static/chart.js" with { type: "text" };
import chartHeaderJs from "../../../static/chart_header.js" with { type: "text" };
import chartViewJs from "../../../static/chart_view.js" with { type: "text" };
import clientJs from "../../../static/client.js" with { type: "text" };
import colorsJs from "../../../static/colors.js" with { type: "text" };
import columnsJs from "../../../static/columns.js" with { type: "text" };
import decimalsJs from "../../../static/decimals.js" with { type: "text" };
import decimateJs from "../../../static/decimate.js" with { type: "text" };
import domJs from "../../../static/dom.js" with { type: "text" };
import embedJs from "../../../static/embed.js" with { type: "text" };
import exportJs from "../../../static/export.js" with { type: "text" };
import extrasJs from "../../../static/extras.js" with { type: "text" };
import firstPaintJs from "../../../static/first_paint.js" with { type: "text" };
import formatJs from "../../../static/format.js" with { type: "text" };
import frameJs from "../../../static/frame.js" with { type: "text" };
import framesJs from "../../../static/frames.js" with { type: "text" };
import freshnessJs from "../../../static/freshness.js" with { type: "text" };
import gesturesJs from "../../../static/gestures.js" with { type: "text" };
import gridJs from "../../../static/grid.js" with { type: "text" };
import gridHeadJs from "../../../static/grid_head.js" with { type: "text" };
import gridRowJs from "../../../static/grid_row.js" with { type: "text" };
import intervalJs from "../../../static/interval.js" with { type: "text" };
import lagJs from "../../../static/lag.js" with { type: "text" };
import layerJs from "../../../static/layer.js" with { type: "text" };
import layoutJs from "../../../static/layout.js" with { type: "text" };
import liveEdgeJs from "../../../static/live_edge.js" with { type: "text" };
import mainJs from "../../../static/main.js" with { type: "text" };
import memberListJs from "../../../static/member_list.js" with { type: "text" };
import paintJs from "../../../static/paint.js" with { type: "text" };
import playbackJs from "../../../static/playback.js" with { type: "text" };
import playerJs from "../../../static/player.js" with { type: "text" };
import plotDataJs from "../../../static/plot_data.js" with { type: "text" };
import readoutJs from "../../../static/readout.js" with { type: "text" };
import recorderJs from "../../../static/recorder.js" with { type: "text" };
import recorderBarJs from "../../../static/recorder_bar.js" with { type: "text" };
import refusalJs from "../../../static/refusal.js" with { type: "text" };
import roomJs from "../../../static/room.js" with { type: "text" };
import rowOrderJs from "../../../static/row_order.js" with { type: "text" };
import saveButtonsJs from "../../../static/save_buttons.js" with { type: "text" };
import scaleJs from "../../../static/scale.js" with { type: "text" };
import seriesJs from "../../../static/series.js" with { type: "text" };
import serverJs from "../../../static/server.js" with { type: "text" };
import serverMonitorJs from "../../../static/server_monitor.js" with { type: "text" };
import settingsJs from "../../../static/settings.js" with { type: "text" };
import sharingJs from "../../../static/sharing.js" with { type: "text" };
import sparkStripJs from "../../../static/spark_strip.js" with { type: "text" };
import sparksJs from "../../../static/sparks.js" with { type: "text" };
import statusJs from "../../../static/status.js" with { type: "text" };
import storageJs from "../../../static/storage.js" with { type: "text" };
import streamsJs from "../../../static/streams.js" with { type: "text" };
import symbolHistoriesJs from "../../../static/symbol_histories.js" with { type: "text" };
import symbolHistoryJs from "../../../static/symbol_history.js" with { type: "text" };
import timeAxisJs from "../../../static/time_axis.js" with { type: "text" };
import timelineJs from "../../../static/timeline.js" with { type: "text" };
import toolbarJs from "../../../static/toolbar.js" with { type: "text" };
import viewportJs from "../../../static/viewport.js" with { type: "text" };
import chartCss from "../../../static/chart.css" with { type: "text" };
import gridCss from "../../../static/grid.css" with { type: "text" };
import smallCss from "../../../static/small.css" with { type: "text" };
import styleCss from "../../../static/style.css" with { type: "text" };
import iconSvg from "../../../static/icon.svg" with { type: "text" };
import indexHtml from "../../../static/index.html" with { type: "text" };
import { EXTRA_MODULES, EXTRA_STYLE } from "./extra_assets.ts";

export interface Asset {
  readonly type: string;
  readonly text: string;
}

const html = (text: unknown): Asset => ({ type: "text/html; charset=utf-8", text: text as string });
const css = (text: unknown): Asset => ({ type: "text/css; charset=utf-8", text: text as string });
const svg = (text: unknown): Asset => ({ type: "image/svg+xml", text: text as string });
const js = (text: unknown): Asset => ({
  type: "text/javascript; charset=utf-8",
  text: text as string,
});
/** Comments on lines of their own: a third of all bytes. Empty lines keep the line numbers. */
const COMMENTS = /^[ \t]*(?:\/\*\*(?:(?!\*\/)[^])*\*\/|\/\/.*)$/gm;
const bare = (text: unknown): Asset =>
  js((text as string).replace(COMMENTS, (comment) => comment.replace(/[^\n]+/g, "")));

/**
 * The modules of the page, which `index.html` preloads. Clients import some of them too; those keep
 * their comments with the types.
 */
const MODULES: Readonly<Record<string, Asset>> = {
  "/static/address.js": bare(addressJs),
  "/static/axes.js": bare(axesJs),
  "/static/board.js": bare(boardJs),
  "/static/cell.js": bare(cellJs),
  "/static/cells.js": bare(cellsJs),
  "/static/chart.js": bare(chartJs),
  "/static/client.js": js(clientJs),
  "/static/colors.js": bare(colorsJs),
  "/static/columns.js": bare(columnsJs),
  "/static/toolbar.js": bare(toolbarJs),
  "/static/decimals.js": bare(decimalsJs),
  "/static/decimate.js": bare(decimateJs),
  "/static/recorder_bar.js": bare(recorderBarJs),
  "/static/dom.js": bare(domJs),
  "/static/live_edge.js": bare(liveEdgeJs),
  "/static/embed.js": bare(embedJs),
  "/static/export.js": bare(exportJs),
  "/static/extras.js": bare(extrasJs),
  "/static/format.js": bare(formatJs),
  "/static/frame.js": bare(frameJs),
  "/static/frames.js": js(framesJs),
  "/static/freshness.js": bare(freshnessJs),
  "/static/gestures.js": bare(gesturesJs),
  "/static/grid.js": bare(gridJs),
  "/static/grid_head.js": bare(gridHeadJs),
  "/static/grid_row.js": bare(gridRowJs),
  "/static/chart_header.js": bare(chartHeaderJs),
  "/static/interval.js": bare(intervalJs),
  "/static/lag.js": bare(lagJs),
  "/static/layer.js": bare(layerJs),
  "/static/layout.js": bare(layoutJs),
  "/static/board_updates.js": bare(boardUpdatesJs),
  "/static/server_monitor.js": bare(serverMonitorJs),
  "/static/main.js": bare(mainJs),
  "/static/storage.js": bare(storageJs),
  "/static/playback.js": bare(playbackJs),
  "/static/row_order.js": bare(rowOrderJs),
  "/static/paint.js": bare(paintJs),
  "/static/member_list.js": bare(memberListJs),
  "/static/player.js": bare(playerJs),
  "/static/readout.js": bare(readoutJs),
  "/static/recorder.js": bare(recorderJs),
  "/static/refusal.js": js(refusalJs),
  "/static/room.js": bare(roomJs),
  "/static/save_buttons.js": bare(saveButtonsJs),
  "/static/scale.js": bare(scaleJs),
  "/static/plot_data.js": bare(plotDataJs),
  "/static/series.js": bare(seriesJs),
  "/static/server.js": bare(serverJs),
  "/static/settings.js": bare(settingsJs),
  "/static/sharing.js": bare(sharingJs),
  "/static/spark_strip.js": bare(sparkStripJs),
  "/static/sparks.js": bare(sparksJs),
  "/static/chart_view.js": bare(chartViewJs),
  "/static/status.js": bare(statusJs),
  "/static/streams.js": js(streamsJs),
  "/static/time_axis.js": bare(timeAxisJs),
  "/static/timeline.js": bare(timelineJs),
  "/static/symbol_history.js": bare(symbolHistoryJs),
  "/static/symbol_histories.js": bare(symbolHistoriesJs),
  "/static/viewport.js": bare(viewportJs),
  "/static/uplot.js": js(`${uplotJs}\nexport default uPlot;\n`),
};

/** Without preloads the browser finds each module only when it has loaded the importing one. */
const preloads = Object.keys(MODULES)
  .map((path) => `    <link rel="modulepreload" href="${path.slice(1)}">\n`).join("");
const index = html((indexHtml as unknown as string).replace("  </head>", `${preloads}  </head>`));

/** Files by path. */
export const ASSETS: Readonly<Record<string, Asset>> = {
  "/": index,
  "/chart": index,
  ...MODULES,
  ...Object.fromEntries(
    Object.entries(EXTRA_MODULES).map(([name, text]) => [`/static/${name}`, bare(text)]),
  ),
  "/static/first_paint.js": js(firstPaintJs),
  "/static/chart.css": css(chartCss),
  "/static/extras.css": css(EXTRA_STYLE),
  "/static/grid.css": css(gridCss),
  "/static/small.css": css(smallCss),
  "/static/style.css": css(styleCss),
  "/static/uplot.css": css(uplotCss),
  "/static/icon.svg": svg(iconSvg),
};
