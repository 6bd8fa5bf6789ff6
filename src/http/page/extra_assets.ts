/** The parts of the page that load at their first use; a part of the executable. */
import boardChoiceJs from "../../../static/board_choice.js" with { type: "text" };
import boardMenuJs from "../../../static/board_menu.js" with { type: "text" };
import splitBordersJs from "../../../static/split_borders.js" with { type: "text" };
import chartMenuJs from "../../../static/chart_menu.js" with { type: "text" };
import panelsJs from "../../../static/panels.js" with { type: "text" };
import helpJs from "../../../static/help.js" with { type: "text" };
import hintsJs from "../../../static/hints.js" with { type: "text" };
import indicatorKindsJs from "../../../static/indicator_kinds.js" with { type: "text" };
import indicatorLayerJs from "../../../static/indicator_layer.js" with { type: "text" };
import indicatorMenuJs from "../../../static/indicator_menu.js" with { type: "text" };
import indicatorsJs from "../../../static/indicators.js" with { type: "text" };
import keptLinesJs from "../../../static/kept_lines.js" with { type: "text" };
import layoutMenuJs from "../../../static/layout_menu.js" with { type: "text" };
import lineLayerJs from "../../../static/line_layer.js" with { type: "text" };
import linesJs from "../../../static/lines.js" with { type: "text" };
import listsJs from "../../../static/lists.js" with { type: "text" };
import moreColumnsJs from "../../../static/more_columns.js" with { type: "text" };
import paintValuesJs from "../../../static/paint_values.js" with { type: "text" };
import paletteJs from "../../../static/palette.js" with { type: "text" };
import pastPricesJs from "../../../static/past_prices.js" with { type: "text" };
import settingsPanelJs from "../../../static/settings_panel.js" with { type: "text" };
import tilesJs from "../../../static/tiles.js" with { type: "text" };
import extrasCss from "../../../static/extras.css" with { type: "text" };

/** Texts of modules, by their path below `/static/`. */
export const EXTRA_MODULES: Readonly<Record<string, unknown>> = {
  "board_choice.js": boardChoiceJs,
  "board_menu.js": boardMenuJs,
  "split_borders.js": splitBordersJs,
  "chart_menu.js": chartMenuJs,
  "panels.js": panelsJs,
  "help.js": helpJs,
  "hints.js": hintsJs,
  "indicator_kinds.js": indicatorKindsJs,
  "indicator_layer.js": indicatorLayerJs,
  "indicator_menu.js": indicatorMenuJs,
  "indicators.js": indicatorsJs,
  "kept_lines.js": keptLinesJs,
  "layout_menu.js": layoutMenuJs,
  "line_layer.js": lineLayerJs,
  "lines.js": linesJs,
  "lists.js": listsJs,
  "more_columns.js": moreColumnsJs,
  "paint_values.js": paintValuesJs,
  "palette.js": paletteJs,
  "past_prices.js": pastPricesJs,
  "settings_panel.js": settingsPanelJs,
  "tiles.js": tilesJs,
};

export const EXTRA_STYLE: unknown = extrasCss;
