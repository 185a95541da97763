// The shape of /api/v1/status. Times are Unix seconds.

/**
 * @typedef {{name: string, module: string, supported: boolean, targets: number, series: number, measured: number, unknown: number, suspect: number}} Probe
 * @typedef {{name: string, display_name: string, location?: string, series: number, measured: number, unknown: number, suspect: number,
 *   last: number | null, silent: boolean}} Agent
 * @typedef {{version: string, now: number, started: number, uptime: number, ready: boolean, targets: number, series: number,
 *   config: {files: string[], read: number, error: string | null, warnings: string | null},
 *   writer: {queued: number, blocked: string | null, nearly_full: number | null, free: number | null, set_aside: string[]},
 *   alerting: {watched: number, raised: number, catching_up: number, waiting: number, dead: number, rounds_dropped: number,
 *     blocked: string | null, set_aside: string | null},
 *   rounds: {measured: number, unknown: number, stored: number, dropped: number, suspect: number},
 *   answers: {kernel_stamps: number, user_stamps: number, late: number, duplicates: number, receive_overflows: number},
 *   lateness: {rounds: number, mean: number | null, max: number, p50: number | null, p90: number | null, p99: number | null},
 *   probes: Probe[], agents: Agent[]}} Status
 */

export {};
