/** Milliseconds that this process has kept a processor busy: what a clock would tell on an idle machine. */
export function processorTime(): number {
  const { user, system } = process.cpuUsage()
  return (user + system) / 1000
}
