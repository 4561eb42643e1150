/** Milliseconds of processor time that this process has used. Unlike wall-clock time, other processes do not add to it. */
export function processorTime(): number {
  const { user, system } = process.cpuUsage()
  return (user + system) / 1000
}
