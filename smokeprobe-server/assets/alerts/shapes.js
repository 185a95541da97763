// The shapes of the server's answers about alerts. Times are Unix seconds: ends of slots.

/**
 * @typedef {"raised" | "active" | "cleared"} What
 * @typedef {{why: string, by?: string}} Silent
 * @typedef {{time: number, series: string, alert: string, what: What, since: number, told: boolean, silent?: Silent, recipients: string[],
 *   host: string, loss: string, rtt: string, reason: string, comment: string, edgetrigger: boolean, priority?: number}} AlertEvent
 * @typedef {{time: number, author: string, comment: string}} Acknowledgement
 * @typedef {{series: string, alert: string, since: number, reason: string, told: number | null, acknowledged: Acknowledgement | null,
 *   silent: Silent | null}} Standing
 * @typedef {{days: string[], from: string, until: string, zone: string}} Weekly
 * @typedef {{id: string, active: boolean, maintenance: boolean, targets: string[], alerts: string[], labels: Record<string, string>,
 *   from?: number, until?: number, weekly?: Weekly, comment: string, author: string}} Silence
 * @typedef {{id: number, recipient: string, created: number, due: number, attempts: number, dead?: string, events: number,
 *   tells: AlertEvent[]}} Message
 * @typedef {{now: number, watched: number, catching_up: number, standing: Standing[], silences: Silence[],
 *   outbox: {waiting: number, under_way: number, dead: number, messages: Message[], dead_letters: Message[],
 *     recipients: {name: string, counts: Record<string, number | boolean>}[]},
 *   rounds_waiting: number, rounds_dropped: number, state: {blocked: string | null, failures: number, set_aside: string | null}}} Alerts
 * @typedef {{id: number, time: number, message: number, recipient: string, number: number, told: string[],
 *   outcome: "delivered" | "retried" | "given_up", note: string}} Delivery
 * @typedef {{id: string, series: string, alert: string, from: number, to: number | null, silent: Silent | null, reason: string,
 *   raised: AlertEvent | null, cleared: AlertEvent | null, standing: Standing | null}} Bar `to` null: it is raised now; Infinity: later than is known
 */

export {};
