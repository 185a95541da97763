// Numbers and times as people read them. The same forms as in the graphs.

/** @param {number} value */
function threeDigits(value) {
  return value < 9.995 ? value.toFixed(2) : value < 99.95 ? value.toFixed(1) : value.toFixed(0);
}

/** An RTT with three digits that count. @param {number} seconds */
export function rtt(seconds) {
  if (seconds >= 0.9995) return `${threeDigits(seconds)} s`;
  if (seconds >= 0.0009995) return `${threeDigits(seconds * 1e3)} ms`;
  return `${threeDigits(seconds * 1e6)} µs`;
}

/** A share of 1 in percent. @param {number} share */
export function percent(share) {
  const value = share * 100;
  if (value === 0) return "0 %";
  if (value < 1) return `${value.toFixed(2)} %`;
  return value < 100 ? `${Math.min(value, 99.9).toFixed(1)} %` : "100 %";
}

/** A time of day in the viewer's zone, with the date unless it is today. @param {number} unixSeconds */
export function time(unixSeconds) {
  const at = new Date(unixSeconds * 1000);
  const two = (/** @type {number} */ n) => String(n).padStart(2, "0");
  const clock = `${two(at.getHours())}:${two(at.getMinutes())}:${two(at.getSeconds())}`;
  const date = `${at.getFullYear()}-${two(at.getMonth() + 1)}-${two(at.getDate())}`;
  return at.toDateString() === new Date().toDateString() ? clock : `${date} ${clock}`;
}

/** How long until or since. @param {number} seconds */
export function duration(seconds) {
  const whole = Math.max(0, Math.round(seconds));
  if (whole < 120) return `${whole} s`;
  if (whole < 7200) return `${Math.round(whole / 60)} min`;
  return whole < 172800 ? `${Math.round(whole / 3600)} h` : `${Math.round(whole / 86400)} d`;
}
