/**
 * How old the page was when the server gave the answer that has just been read, in milliseconds, and rather more than
 * less. A busy page reads it late; what the browser measured tells when it came.
 */
export function ageAtSession(control: URL, askedAt: DOMHighResTimeStamp): number {
  const readAt = performance.now()
  const timings = performance.getEntriesByName(new URL('session', control).href) as PerformanceResourceTiming[]
  const timing = timings.find(({ startTime }) => startTime >= askedAt)
  return timing === undefined || timing.responseStart === 0 ? readAt : timing.responseStart
}
