// The menu of the layout: the number of charts, their links and the default layout of this browser.

import { queryText } from "./address.js";
import { make } from "./dom.js";
import { button, check, choice, openMenu, section } from "./panels.js";
import { COUNTS, evenLayout, LINKS } from "./layout.js";
import { recall, remember } from "./storage.js";

/** @import { Page } from "./extras.js" */

const LINK_TEXTS = {
  crosshair: "Crosshair",
  range: "Range",
  symbol: "Symbol",
  moment: "Moment",
};

/** @param {Page} page */
export function open({ cells, isBareChart, tell }) {
  const opener = document.getElementById("layouts");
  if (opener === null) return;
  const fill = (/** @type {HTMLElement} */ menu) => {
    const { layout } = cells;
    const arrange = (/** @type {Partial<typeof layout>} */ change) => {
      cells.arrange({ ...layout, ...change });
      fill(menu);
    };
    const counts = COUNTS.map((count) => /** @type {const} */ ([String(count), String(count)]));
    const links = LINKS.map((link) =>
      check(LINK_TEXTS[link], layout.links.includes(link), (isLinked) =>
        arrange({
          links: LINKS.filter((each) => each === link ? isLinked : layout.links.includes(each)),
        }))
    );
    const keep = button("Begin with this layout here", () => {
      remember("layout", defaultOf(location.search));
      tell("The page begins with this layout on this machine");
      fill(menu);
    }, "plain add");
    const forget = button("Begin as usual", () => {
      remember("layout", "");
      fill(menu);
    }, "plain add");
    menu.replaceChildren(
      section(
        "Charts",
        choice("Charts", counts, String(layout.count), (value) => {
          const count = COUNTS.find((each) => String(each) === value) ?? 1;
          const { columns, rows } = evenLayout(count);
          arrange({ count, columns, rows });
          const chosen = menu.querySelector("input:checked");
          if (chosen instanceof HTMLElement) chosen.focus();
        }),
        ...(isBareChart ? [] : [
          check(
            "Board",
            layout.board !== 0,
            (isShown) => arrange({ board: isShown ? undefined : 0 }),
          ),
        ]),
      ),
      ...(layout.count > 1
        ? [section("In common", make("div", { className: "adds" }, ...links))]
        : []),
      section("On this machine", keep, ...(recall("layout") === "" ? [] : [forget])),
    );
  };
  openMenu(opener, "Layout", fill);
}

/** The address without parameters that belong to one moment or one visit. @param {string} search */
export function defaultOf(search) {
  const query = new URLSearchParams(search);
  for (const name of [...query.keys()]) {
    if (/^(?:range|time)\d?$|^(?:room|theme|key)$/.test(name)) query.delete(name);
  }
  return queryText(query);
}
