import type { Socket } from 'node:net'
import type { Readable } from 'node:stream'
import { getField, type HeaderList } from '../../http/message/headers.ts'
import type { Source } from '../../http/message/reply.ts'
import { pullStream } from './pull-stream.ts'
import { readResponseHead } from './head.ts'
import { upstreamError } from '../upstream/upstream-fault.ts'

/** The parts of Node's message that content comes from. */
export interface ContentMessage extends Readable {
  readonly rawHeaders: string[]
  readonly rawTrailers: string[]
  readonly complete: boolean
}

/**
 * The content of a message that has a connection of its own, which ends with it. Fails when the message breaks off,
 * so that the client sees a broken one too and never a short one that looks whole.
 *
 * @param idleMs Milliseconds without a byte after which it is given up; 0 is none.
 */
export function messageSource(message: ContentMessage, socket: Socket, idleMs: number): Source {
  // Before anyone pulls: a message that breaks off meanwhile must not end the process.
  message.on('error', () => {})
  const length = getField(message.rawHeaders, 'content-length')
  return {
    length: length === undefined ? undefined : Number(length),
    cancel: () => void socket.destroy(),
    async pull(sink, signal): Promise<HeaderList | void> {
      const stop = (): unknown => socket.destroy()
      signal.addEventListener('abort', stop)
      try {
        await pullStream(message, sink, idleMs)
        // Node takes a reset for the end of content that ends with its connection, which it may have cut short.
        if (socket.errored !== null) throw socket.errored
        if (!message.complete) throw new Error('The reply broke off.')
      } catch (error) {
        throw upstreamError(error, 'reset', true)
      } finally {
        signal.removeEventListener('abort', stop)
        socket.destroy()
      }
      if (message.rawTrailers.length > 0) return readResponseHead(message.rawTrailers).fields
    },
  }
}
