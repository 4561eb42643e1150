/*
 * Functions of the browser as they are when the client starts. An application may replace them later (to count its
 * requests, to freeze time in a test), and shall neither find our calls among its own nor stop them.
 */
export const { console, fetch, WebSocket, JSON, setTimeout, clearTimeout } = window

/** Runs a promise for a limited time: what takes longer goes on alone. */
export async function settleWithin(ms: number, work: Promise<unknown>): Promise<void> {
  await Promise.race([work.catch(() => {}), new Promise((resolve) => setTimeout(resolve, ms))])
}
