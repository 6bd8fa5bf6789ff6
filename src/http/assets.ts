/** The files of the page, inside the executable. */
import uplotCss from "uplot/dist/uPlot.min.css" with { type: "text" };
import uplotJs from "uplot/dist/uPlot.esm.js" with { type: "text" };
import chartJs from "../../static/chart.js" with { type: "text" };
import clientJs from "../../static/client.js" with { type: "text" };
import framesJs from "../../static/frames.js" with { type: "text" };
import formatJs from "../../static/format.js" with { type: "text" };
import gridJs from "../../static/grid.js" with { type: "text" };
import indexHtml from "../../static/index.html" with { type: "text" };
import mainJs from "../../static/main.js" with { type: "text" };
import modelJs from "../../static/model.js" with { type: "text" };
import paintJs from "../../static/paint.js" with { type: "text" };
import scaleJs from "../../static/scale.js" with { type: "text" };
import seriesJs from "../../static/series.js" with { type: "text" };
import styleCss from "../../static/style.css" with { type: "text" };
import streamsJs from "../../static/streams.js" with { type: "text" };

export interface Asset {
  readonly type: string;
  readonly text: string;
}

const html = (text: unknown): Asset => ({ type: "text/html; charset=utf-8", text: text as string });
const css = (text: unknown): Asset => ({ type: "text/css; charset=utf-8", text: text as string });
const js = (text: unknown): Asset => ({
  type: "text/javascript; charset=utf-8",
  text: text as string,
});

/** Paths and what is found there. */
export const ASSETS: Readonly<Record<string, Asset>> = {
  "/": html(indexHtml),
  "/chart": html(indexHtml),
  "/static/style.css": css(styleCss),
  "/static/main.js": js(mainJs),
  "/static/client.js": js(clientJs),
  "/static/streams.js": js(streamsJs),
  "/static/frames.js": js(framesJs),
  "/static/model.js": js(modelJs),
  "/static/grid.js": js(gridJs),
  "/static/series.js": js(seriesJs),
  "/static/format.js": js(formatJs),
  "/static/chart.js": js(chartJs),
  "/static/scale.js": js(scaleJs),
  "/static/paint.js": js(paintJs),
  "/static/uplot.js": js(uplotJs),
  "/static/uplot.css": css(uplotCss),
};
