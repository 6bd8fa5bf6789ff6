// Runs before the first paint: which theme and which page this is.

(() => {
  const root = document.documentElement;
  let theme = new URLSearchParams(location.search).get("theme");
  try {
    theme ??= localStorage.getItem("tickwire.theme");
  } catch {
    // Storage may be refused inside a frame.
  }
  if (theme === "light" || theme === "dark") root.dataset["theme"] = theme;
  root.dataset["page"] = /\/chart\/?$/.test(location.pathname) ? "chart" : "board";
})();
