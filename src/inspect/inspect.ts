import type { Exchange } from '../http/message/exchange.ts'
import type { Reply, Sent, Source } from '../http/message/reply.ts'
import type { ExchangeStreams, StreamRequest } from './exchange-streams.ts'
import type { FollowedRecording, Recorder, RecorderLimits } from './recorder.ts'
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
  /**
   * Records as lines of JSON, for a program that reads them as they come: without secrets, and without what it did not read
   * in time.
   *
   * @throws ServeError `E8008_FILTER`
   */
  stream(request: StreamRequest): Promise<Source>
  /** Ends the streams, which would never end by themselves. */
  endStreams(): void
  /** Closes every recording. */
  close(): void
}

export function createFollowers(limits: RecorderLimits): Followers {
  let recorder: Recorder | undefined
  let streams: ExchangeStreams | undefined
  let isEnding = false
  async function open(contentBytes: number): Promise<FollowedRecording> {
    const { createRecorder } = await import('./recorder.ts')
    recorder ??= createRecorder(limits, () => (recorder = undefined))
    return recorder.open(contentBytes)
  }

  return {
    begin(x) {
      publishStart(x)
      recorder?.begin(x)
    },
    end(x, reply, sent) {
      recorder?.end(x, reply, sent)
      publishEnd(x, reply, sent)
    },
    record: () => open(limits.recordedContentBytes),
    async stream(request) {
      const { createExchangeStreams } = await import('./exchange-streams.ts')
      streams ??= createExchangeStreams(limits, open)
      const source = await streams.open(request)
      if (isEnding) streams.end()
      return source
    },
    endStreams() {
      isEnding = true
      streams?.end()
    },
    close: () => recorder?.close(),
  }
}
