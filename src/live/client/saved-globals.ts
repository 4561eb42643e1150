/*
 * Functions of the browser from before the application runs. The application may replace them later (to count requests,
 * to stop time in a test). It must neither see the calls of the client nor stop them.
 */
export const { console, fetch, WebSocket, JSON, setTimeout, clearTimeout } = window

/** Waits for a promise, but not longer than a time. Errors are ignored. */
export async function settleWithin(ms: number, work: Promise<unknown>): Promise<void> {
  await Promise.race([work.catch(() => {}), new Promise((resolve) => setTimeout(resolve, ms))])
}
