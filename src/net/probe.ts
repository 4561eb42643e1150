import { connect, type NetConnectOpts } from 'node:net'
import { systemCode } from './listen.ts'

/** The result of a connection attempt. */
export type ProbeResult = 'answered' | 'refused' | 'absent' | 'unknown'

/** Milliseconds that an attempt may take. On loopback an answer takes microseconds. */
const answerMs = 500

/** Tests whether a server accepts connections, and closes the connection at once. Never rejects. */
export function probe(where: NetConnectOpts): Promise<ProbeResult> {
  return new Promise((resolve) => {
    const socket = connect(where)
    const settle = (result: ProbeResult): void => {
      clearTimeout(timer)
      socket.destroy()
      resolve(result)
    }
    const timer = setTimeout(settle, answerMs, 'unknown')
    socket.once('connect', () => settle('answered'))
    socket.on('error', (error) => settle(resultOf(systemCode(error))))
  })
}

function resultOf(code: string): ProbeResult {
  if (code === 'ECONNREFUSED') return 'refused'
  return code === 'ENOENT' ? 'absent' : 'unknown'
}
