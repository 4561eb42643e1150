// A server in a separate process. It answers each message with its memory and descriptors.
import { readdirSync } from 'node:fs'
import { createServer } from '../../src/index.ts'

const [root = '.'] = process.argv.slice(2)
const server = createServer({ root, port: 0, host: '127.0.0.1' })
const { port } = await server.listen()
process.send?.({ port })

process.on('message', () => {
  globalThis.gc?.()
  globalThis.gc?.()
  process.send?.({
    descriptors: countDescriptors(),
    heap: process.memoryUsage().heapUsed,
    rss: process.memoryUsage().rss,
  })
})
process.on('disconnect', () => void server.close())

/** Open descriptors of this process; -1 where the system does not show them. */
function countDescriptors(): number {
  try {
    return readdirSync('/proc/self/fd').length
  } catch {
    return -1
  }
}
