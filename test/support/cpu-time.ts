/** Milliseconds of processor time that synchronous work takes. Other load of the machine does not count, unlike on a clock. */
export function cpuMs(work: () => void): number {
  const before = process.cpuUsage()
  work()
  const { user, system } = process.cpuUsage(before)
  return (user + system) / 1000
}
