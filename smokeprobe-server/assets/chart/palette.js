// Colours: the two themes, the classes of loss, the greys of the smoke. The same as in the server's pictures
// (src/graph/palette.rs).

/** @typedef {"light" | "dark"} Theme */
/** A class of loss: up to how many lost pings it goes. @typedef {{upTo: number, light: string, dark: string, label: string}} LossClass */

/** What a theme's parts look like. */
export const INK = {
  light: { ground: "#ffffff", text: "#1b1f24", muted: "#5b6570", grid: "#e8ebef", axis: "#8a949f", unknown: "#eef1f5", joint: "#202020", alert: "#c0241a" },
  dark: { ground: "#14181d", text: "#e6e9ed", muted: "#9aa6b2", grid: "#252c34", axis: "#6b7682", unknown: "#1e252d", joint: "#f2f4f6", alert: "#ff6b5e" },
};

/** @type {[string, string][]} */
const BUILT_IN = [
  ["#1f9d55", "#3ddc84"], ["#2b8fd6", "#59b6ff"], ["#2f62d6", "#7d9bff"], ["#7048c9", "#a98bff"],
  ["#b83db0", "#e07bdb"], ["#e07a00", "#ffae42"], ["#d92d20", "#ff6b5e"], ["#7a0c0c", "#b3261e"],
];

/** SmokePing's; on dark those that would be lost there are lighter. @type {[string, string][]} */
const CLASSIC = [
  ["#26ff00", "#26ff00"], ["#00b8ff", "#00b8ff"], ["#0059ff", "#4d8bff"], ["#7e00ff", "#a855ff"],
  ["#ff00ff", "#ff3dff"], ["#ff5500", "#ff6a1f"], ["#ff0000", "#ff3333"], ["#a00000", "#c42b2b"],
];

/** @param {string} color @returns {[number, number, number]} */
function channels(color) {
  const value = Number.parseInt(color.slice(1), 16);
  return [(value >> 16) & 255, (value >> 8) & 255, value & 255];
}

/** A colour, `share` of the way to another. @param {string} from @param {string} to @param {number} share */
export function mix(from, to, share) {
  const [a, b] = [channels(from), channels(to)];
  return `#${a.map((value, i) => Math.round(value + (b[i] - value) * share).toString(16).padStart(2, "0")).join("")}`;
}

/** The grey of smoke band `band`, counted from the outermost, 0. @param {Theme} theme @param {number} band @param {number} pings */
export function smokeColor(theme, band, pings) {
  const half = pings / 2;
  const level = Math.trunc(Math.max(190 / half * (half - (band + 1)), 0)) + 50;
  if (theme === "light") return `#${level.toString(16).padStart(2, "0").repeat(3)}`;
  return mix("#2b3138", "#dde1e5", Math.max(240 - level - 19, 0) / 171);
}

/** The built-in classes for rounds of `pings`. @param {number} pings @param {"default" | "classic"} [palette] @returns {LossClass[]} */
export function builtIn(pings, palette = "default") {
  const colors = palette === "classic" ? CLASSIC : BUILT_IN;
  const share = (/** @type {number} */ percent, /** @type {number} */ least) => Math.max(Math.floor(pings * percent / 100), least);
  const bounds = [0, share(1, 1), share(5, 2), share(10, 3), share(25, 4), share(50, 5), Math.max(pings - 1, 0), pings];
  /** @type {Map<number, [string, string]>} */
  const classes = new Map();
  // Where few pings make two bounds equal, the worse class has them.
  bounds.forEach((bound, i) => bound <= pings && classes.set(bound, colors[i]));
  let from = 0;
  return [...classes].sort(([a], [b]) => a - b).map(([bound, [light, dark]]) => {
    const label = bound === 0 ? "0" : bound === pings ? `${pings}/${pings}` : bound === from ? `${bound}` : `${from}–${bound}`;
    from = bound + 1;
    return { upTo: bound, light, dark, label };
  });
}

/**
 * The classes of a target's charts: the configured ones, else the built-in ones.
 * @param {{loss_colors: {up_to: number, color: string, label: string}[], palette: "default" | "classic"}} detail @param {number} pings
 */
export function classesFor(detail, pings) {
  const configured = detail.loss_colors.filter(({ up_to, color }) => up_to <= pings && /^#?[0-9a-f]{6}$/i.test(color))
    .map(({ up_to, color, label }) => ({ upTo: up_to, light: hex(color), dark: hex(color), label }))
    .sort((a, b) => a.upTo - b.upTo);
  return configured.length ? configured : builtIn(pings, detail.palette);
}

/** How bright a colour is to the eye: WCAG 2.2, "relative luminance". @param {string} color */
function luminance(color) {
  const [r, g, b] = channels(color).map((value) => (value / 255 <= 0.04045 ? value / 255 / 12.92 : ((value / 255 + 0.055) / 1.055) ** 2.4));
  return 0.2126 * r + 0.7152 * g + 0.0722 * b;
}

/** A colour for a line on a theme: as near to it as has a contrast of 3:1 to the ground. @param {string} color @param {Theme} theme */
export function legible(color, theme) {
  const { ground, text } = INK[theme];
  const below = luminance(ground) + 0.05;
  for (let step = 0; step <= 20; step += 1) {
    const mixed = mix(color, text, step / 20);
    const above = luminance(mixed) + 0.05;
    if (Math.max(above, below) / Math.min(above, below) >= 3) return mixed;
  }
  return text;
}

/** A configured `rrggbb` as a colour. @param {string} color */
export const hex = (color) => (color.startsWith("#") ? color : `#${color}`);

/** The index of the class that `loss` lost pings fall in. @param {LossClass[]} classes @param {number} loss */
export function classOf(classes, loss) {
  const index = classes.findIndex(({ upTo }) => loss <= upTo);
  return index >= 0 ? index : Math.max(classes.length - 1, 0);
}
