// Work that can wait.

/**
 * Runs once the browser has nothing else to do, or after `most` milliseconds.
 * @param {() => void} work @param {number} most @returns {() => void} calls it off
 */
export function whenIdle(work, most) {
  // Safari has no such callback.
  if (!window.requestIdleCallback) {
    const timer = setTimeout(work, 100);
    return () => clearTimeout(timer);
  }
  const idle = requestIdleCallback(work, { timeout: most });
  return () => cancelIdleCallback(idle);
}
