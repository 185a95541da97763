// Before anything else: the theme, so that nothing flashes in the other one; and what every page needs, so that it is
// under way while the modules are. A classic script, as modules run later.

"use strict";

(() => {
  const given = new URLSearchParams(location.search);
  const wanted = (/** @type {string} */ name) => {
    try {
      return given.get(name) ?? localStorage.getItem(name);
    } catch {
      // Storage is refused; the system's it is.
      return null;
    }
  };
  const theme = wanted("theme");
  if (theme === "light" || theme === "dark") document.documentElement.dataset.theme = theme;

  if ((wanted("lang") || navigator.language).startsWith("zh")) {
    const words = document.createElement("script");
    words.type = "module";
    const { src } = /** @type {HTMLScriptElement} */ (document.currentScript);
    words.src = new URL("lang/zh-CN.js", src).href;
    document.head.append(words);
  }

  /** Read to the end at once: the limit is for the network, not for the modules that come after. @param {string} path */
  const read = async (path) => {
    const answer = await fetch(path, { headers: { "X-Requested-With": "smokeprobe" }, signal: AbortSignal.timeout(15000) });
    return new Response(await answer.blob(), answer);
  };
  const ask = (/** @type {string} */ path) => {
    const answer = read(path);
    // Whoever takes it sees that it failed.
    answer.catch(() => {});
    return answer;
  };
  /** @type {any} */ (window).early = { "api/v1/outline": ask("api/v1/outline"), "api/v1/states": ask("api/v1/states") };
})();
