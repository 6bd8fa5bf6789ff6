// Runs before the first paint, because the style depends on the theme and on the page.

(() => {
  const root = document.documentElement;
  let theme = new URLSearchParams(location.search).get("theme");
  try {
    theme ??= localStorage.getItem("tickwire.theme");
  } catch {
    // A frame may have no access to storage.
  }
  if (theme === "light" || theme === "dark") root.dataset["theme"] = theme;
  root.dataset["page"] = /\/chart\/?$/.test(location.pathname) ? "chart" : "board";
})();
