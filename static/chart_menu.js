// The menu of a chart: its scale, its gaps and its drawn lines.

import { make } from "./dom.js";
import { button, check, choice, cross, openMenu, section } from "./panels.js";
import { priceText } from "./format.js";

/** @import { Extras, Page } from "./extras.js" */

/** @param {Page} page @param {Extras} extras */
export async function open(page, extras) {
  const opener = document.getElementById("chart-menu");
  const lines = await extras.lines();
  if (opener === null || lines === undefined) return;
  const { cells, choose, decimalsOf } = page;
  const fill = (/** @type {HTMLElement} */ menu) => {
    const { scale, isGapless, symbol } = cells.active.view;
    const scales = /** @type {const} */ ([
      ["auto", "Automatic"],
      ["linear", "Linear"],
      ["log", "Log"],
      ["percent", "Per cent"],
    ]);
    const draw = (/** @type {"level" | "trend"} */ tool) => () => {
      lines.tool = tool;
      menu.hidePopover();
      cells.active.host.querySelector("canvas")?.parentElement?.focus();
    };
    const rows = lines.kept.of(symbol).map((line, place) => {
      const text = (/** @type {number} */ price) => priceText(price, decimalsOf(symbol));
      const name = line.kind === "level"
        ? `Line at ${text(line.price)}`
        : `Trend ${text(line.from.price)} to ${text(line.to.price)}`;
      const remove = make("button", {
        type: "button",
        className: "icon",
        ariaLabel: `Remove ${name}`,
      }, cross());
      remove.addEventListener("click", () => {
        lines.remove(symbol, place);
        fill(menu);
        menu.querySelector("button")?.focus();
      });
      return make("div", { className: "indicator" }, make("span", {}, name), remove);
    });
    menu.replaceChildren(
      section(
        "Scale",
        choice("Scale", scales, scale, (value) => {
          const wanted = scales.find(([each]) => each === value);
          if (wanted !== undefined) choose({ scale: wanted[0] });
        }),
        check("Leave out times without bars", isGapless, (isGapless) => choose({ isGapless })),
      ),
      section(
        "Draw",
        make(
          "div",
          { className: "adds" },
          button("Horizontal line", draw("level"), "plain add"),
          button("Trend line", draw("trend"), "plain add"),
        ),
        ...rows,
      ),
    );
  };
  openMenu(opener, "Chart", fill);
}
