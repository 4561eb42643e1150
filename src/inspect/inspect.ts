import type { Exchange } from '../http/message/exchange.ts'
import type { Reply, Sent } from '../http/message/reply.ts'
import type { Recorder, RecorderLimits } from './recorder.ts'
import { publishEnd, publishStart } from './request-channels.ts'
import type { Recording } from './types.ts'

export { createAccessLog } from './access-log/access-log.ts'
export { accessRecord, isAside } from './access-record.ts'

/** Who follows the exchanges of a server: recordings and subscribers. Without them an exchange costs a few looks. */
export interface Followers {
  /** Called before the handler of an exchange. */
  begin(x: Exchange): void
  /** Called when the reply was written or lost. */
  end(x: Exchange, reply: Reply, sent: Sent): void
  /** Opens a recording. The first one loads the recorder. */
  record(): Promise<Recording>
  /** Closes every recording. */
  close(): void
}

export function createFollowers(limits: RecorderLimits): Followers {
  let recorder: Recorder | undefined
  return {
    begin(x) {
      publishStart(x)
      recorder?.begin(x)
    },
    end(x, reply, sent) {
      recorder?.end(x, reply, sent)
      publishEnd(x, reply, sent)
    },
    async record() {
      const { createRecorder } = await import('./recorder.ts')
      recorder ??= createRecorder(limits, () => (recorder = undefined))
      return recorder.open()
    },
    close: () => recorder?.close(),
  }
}
