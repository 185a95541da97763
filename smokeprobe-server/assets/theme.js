// Before the first paint, so that nothing flashes in the other theme. A classic script: modules run later.

"use strict";

(() => {
  let theme = "system";
  try {
    theme = localStorage.getItem("theme") ?? "system";
  } catch {
    // Storage is refused; the system's theme it is.
  }
  if (theme === "light" || theme === "dark") document.documentElement.dataset.theme = theme;
})();
