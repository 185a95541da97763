// Colours of heat maps, and of lines that are drawn together. Pure.

/** Viridis (Stéfan van der Walt and Nathaniel Smith, CC0) at every sixteenth of its length. */
const VIRIDIS = [
  [68, 1, 84], [72, 26, 108], [71, 47, 125], [65, 68, 135], [57, 86, 140], [49, 104, 142], [42, 120, 142], [35, 136, 142],
  [31, 152, 139], [34, 168, 132], [53, 183, 121], [84, 197, 104], [122, 209, 81], [165, 219, 54], [210, 226, 27], [253, 231, 37],
];

/**
 * A colour of viridis, dark for 0 and bright for 1.
 * @param {number} share 0 to 1; what lies outside lands on the end @returns {[number, number, number]}
 */
export function viridis(share) {
  const at = Math.min(Math.max(share, 0), 1) * (VIRIDIS.length - 1);
  const low = Math.min(Math.floor(at), VIRIDIS.length - 2);
  const part = at - low;
  const mix = (/** @type {number} */ channel) => Math.round(VIRIDIS[low][channel] * (1 - part) + VIRIDIS[low + 1][channel] * part);
  return [mix(0), mix(1), mix(2)];
}

/** @typedef {(share: number) => [number, number, number]} Ramp */

/** What nothing is lost of: quiet. @type {Record<"light" | "dark", [number, number, number]>} */
const NO_LOSS = { light: [205, 234, 216], dark: [27, 66, 48] };

/** The colour of a share of lost pings: quiet without, orange to red with it; a single lost ping is seen. @param {"light" | "dark"} theme @returns {Ramp} */
export const lossColor = (theme) => (share) => {
  if (share <= 0) return NO_LOSS[theme];
  const strength = 0.25 + 0.75 * share;
  return [Math.round(255 - 110 * Math.max(0, share - 0.5)), Math.round(190 * (1 - strength)), Math.round(70 * (1 - strength) + 20)];
};

/** @param {[number, number, number]} color */
export const css = ([red, green, blue]) => `rgb(${red} ${green} ${blue})`;

/** The colour of the line at a place: the configured ones, again and again. @param {string[]} colors `rrggbb` @param {number} index */
export function lineColor(colors, index) {
  return colors.length ? `#${colors[index % colors.length]}` : "#004586";
}
