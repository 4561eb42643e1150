// Loaded into a server process before anything else: `node --import …/loop-delay.js …` tells its parent, when asked,
// what the process holds and for how long its event loop has stood still at most since it was asked the last time.
import { monitorEventLoopDelay } from 'node:perf_hooks'

const delay = monitorEventLoopDelay({ resolution: 1 })
delay.enable()

process.on('message', () => {
  process.send?.({ rss: process.memoryUsage.rss(), longestBlockMs: delay.max / 1e6 })
  delay.reset()
})
