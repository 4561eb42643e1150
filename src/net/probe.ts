import { connect, type NetConnectOpts } from 'node:net'
import { systemCode } from './listen.ts'

/** What came of a connection attempt. */
export type Answer = 'answered' | 'refused' | 'absent' | 'unknown'

/** Milliseconds after which an attempt is given up. On loopback an answer takes microseconds. */
const answerMs = 500

/** Tries whether someone accepts connections, and hangs up at once. Never rejects. */
export function answers(where: NetConnectOpts): Promise<Answer> {
  return new Promise((resolve) => {
    const socket = connect(where)
    const settle = (answer: Answer): void => {
      clearTimeout(timer)
      socket.destroy()
      resolve(answer)
    }
    const timer = setTimeout(settle, answerMs, 'unknown')
    socket.once('connect', () => settle('answered'))
    socket.on('error', (error) => settle(meaning(systemCode(error))))
  })
}

function meaning(code: string): Answer {
  if (code === 'ECONNREFUSED') return 'refused'
  return code === 'ENOENT' ? 'absent' : 'unknown'
}
