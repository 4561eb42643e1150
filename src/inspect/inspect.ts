import type { Exchange } from '../http/message/exchange.ts'
import type { Reply, Sent } from '../http/message/reply.ts'
import type { Recorder, RecorderLimits } from './recorder.ts'
import type { Recording } from './types.ts'

export { createAccessLog } from './access-log/access-log.ts'
export { createAccessRecorder } from './access-record.ts'

/** The recordings of a server. Without an open one they cost a look per exchange. */
export interface Recordings {
  /** Called before the handler of an exchange. */
  begin(x: Exchange): void
  /** Called when the reply was written or lost. */
  end(x: Exchange, reply: Reply, sent: Sent): void
  /** Opens a recording. The first one loads the recorder. */
  open(): Promise<Recording>
  /** Closes every recording. */
  close(): void
}

export function createRecordings(limits: RecorderLimits): Recordings {
  let recorder: Recorder | undefined
  return {
    begin: (x) => recorder?.begin(x),
    end: (x, reply, sent) => recorder?.end(x, reply, sent),
    async open() {
      const { createRecorder } = await import('./recorder.ts')
      recorder ??= createRecorder(limits, () => (recorder = undefined))
      return recorder.open()
    },
    close: () => recorder?.close(),
  }
}
