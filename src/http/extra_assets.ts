/** The parts of the page that are loaded when somebody uses them, inside the executable. */
import fieldsJs from "../../static/fields.js" with { type: "text" };
import helpJs from "../../static/help.js" with { type: "text" };
import hintsJs from "../../static/hints.js" with { type: "text" };
import paletteJs from "../../static/palette.js" with { type: "text" };
import settingsPanelJs from "../../static/settings_panel.js" with { type: "text" };
import extrasCss from "../../static/extras.css" with { type: "text" };

/** Texts of modules, by what follows `/static/` in their paths. */
export const EXTRA_MODULES: Readonly<Record<string, unknown>> = {
  "fields.js": fieldsJs,
  "help.js": helpJs,
  "hints.js": hintsJs,
  "palette.js": paletteJs,
  "settings_panel.js": settingsPanelJs,
};

export const EXTRA_STYLE: unknown = extrasCss;
