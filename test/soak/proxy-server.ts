// A proxy in a separate process. It answers each message with its largest resident size in bytes.
import { createServer } from '../../src/index.ts'

const [upstream = ''] = process.argv.slice(2)
const server = createServer({ port: 0, host: '127.0.0.1', live: false, proxy: { '/': upstream } })
const { port } = await server.listen()
// The system's own count begins with what the parent held.
let peak = 0
setInterval(() => (peak = Math.max(peak, process.memoryUsage.rss())), 20).unref()
process.send?.({ port })
process.once('message', () => {
  process.send?.({ peak })
  void server.close()
  process.disconnect()
})
