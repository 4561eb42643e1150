import { randomInt } from 'node:crypto'
import { once } from 'node:events'
import { createServer } from 'node:net'

/**
 * Ports that no system gives to outgoing connections or to port 0, where another test could get them at once. A dead
 * port is of another range, so that no test listens on it.
 */
const ranges = { free: [20_000, 29_999], dead: [30_000, 32_000] } as const

/** A loopback port that was free a moment ago, for programs that cannot choose one themselves. */
export function freePort(): Promise<number> {
  return unusedPort(ranges.free)
}

/** A loopback port at which nothing listens, unless the test itself does later. */
export function deadPort(): Promise<number> {
  return unusedPort(ranges.dead)
}

/**
 * The port for a test's own listener on one address: 0, except for `::1`, whose clients ask for localhost. They try
 * 127.0.0.1 first, where another test may listen on the port that the system chose.
 */
export async function portOf(host: string): Promise<number> {
  return host === '::1' ? freePort() : 0
}

async function unusedPort([lowest, highest]: readonly [number, number]): Promise<number> {
  for (;;) {
    const port = randomInt(lowest, highest + 1)
    const server = createServer().listen({ port, host: '127.0.0.1', exclusive: true })
    try {
      await once(server, 'listening')
    } catch {
      continue
    }
    server.close()
    await once(server, 'close')
    return port
  }
}
