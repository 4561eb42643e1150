// A server in a separate process. It answers each message with its memory and descriptors.
import { readdirSync, readlinkSync } from 'node:fs'
import { createServer } from '../../src/index.ts'

const [root = '.'] = process.argv.slice(2)
const server = createServer({ root, port: 0, host: '127.0.0.1' })
const { port } = await server.listen()
process.send?.({ port })

process.on('message', () => {
  globalThis.gc?.()
  globalThis.gc?.()
  process.send?.({
    descriptors: openDescriptors(),
    heap: process.memoryUsage().heapUsed,
    rss: process.memoryUsage().rss,
  })
})
process.on('disconnect', () => void server.close())

/** What the open descriptors of this process are; empty where the system does not show them. */
function openDescriptors(): string[] {
  try {
    return readdirSync('/proc/self/fd').map(targetOf)
  } catch {
    return []
  }
}

function targetOf(descriptor: string): string {
  try {
    return readlinkSync(`/proc/self/fd/${descriptor}`)
  } catch {
    return 'closed'
  }
}
