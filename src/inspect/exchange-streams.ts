import { ServeError } from '../core/serve-error.ts'
import { createPacer } from '../core/util/pacer.ts'
import type { Source } from '../http/message/reply.ts'
import { exchangeLine } from './exchange-json.ts'
import { compileFilter, type ExchangeFilter } from './filter/filter.ts'
import type { RecordedExchange } from './types.ts'
import type { FollowedRecording, RecorderLimits } from './recorder.ts'
import { createRedactor, redactExchange, type Redactor } from './redact/redact.ts'

/** What a reader of exchanges asks for. */
export interface StreamRequest {
  /** A filter; empty for every exchange. */
  readonly filter: string
  /** Most bytes of each content; 0 for heads only. */
  readonly contentBytes: number
  /** Calls back when the reader goes away, also one that is sent nothing. Returns a function that removes the callback. */
  readonly whenGone: (callback: () => void) => () => void
}

/** The readers of the exchanges of a server. */
export interface ExchangeStreams {
  /** Begins to record for a reader. @throws ServeError `E8008_FILTER`, `E8008_BUSY` */
  open(request: StreamRequest): Promise<Source>
  /** Ends every stream. */
  end(): void
}

/**
 * The share of the memory for recordings that one content may take: more would drop all others, and to redact a megabyte of text
 * holds the server up for 50 to 100 ms.
 */
const contentShare = 1 / 16
/** Most readers: each one that reads costs the time of redacting for it. */
const mostReaders = 32
/** Characters of lines that are written together. */
const batchSize = 65_536

/** @param record Opens a recording with so many bytes of each content. */
export function createExchangeStreams(
  limits: RecorderLimits,
  record: (contentBytes: number) => Promise<FollowedRecording>,
): ExchangeStreams {
  const open = new Set<FollowedRecording>()
  // One for the server, so that readers see the same placeholder for the same secret.
  const redactor = createRedactor()
  let opening = 0

  return {
    async open({ filter, contentBytes, whenGone }) {
      const compiled = compileFilter(filter)
      if (open.size + opening >= mostReaders)
        throw new ServeError('E8008_BUSY', `${mostReaders} programs and pages follow the requests of this server.`, {
          hint: 'close some of them',
        })
      const { readsContent } = compiled
      const most = Math.floor(limits.recordedBytes * contentShare)
      const kept = Math.min(Math.max(contentBytes, readsContent ? limits.recordedContentBytes : 0), most)
      opening++
      const recording = await record(kept).finally(() => opening--)
      open.add(recording)
      const close = (): void => {
        open.delete(recording)
        recording.close()
      }
      return exchangeSource({ recording, close, whenGone, redactor, filter: compiled, hasContent: contentBytes > 0 })
    },
    end() {
      for (const recording of open) recording.close()
    },
  }
}

interface SourceOptions {
  readonly recording: FollowedRecording
  readonly close: () => void
  readonly whenGone: StreamRequest['whenGone']
  readonly redactor: Redactor
  readonly filter: ExchangeFilter
  readonly hasContent: boolean
}

/**
 * Lines of JSON: `{"recording":true}`, then exchanges as they end, and `{"missed":n}` where `n` of them were dropped because
 * the reader was slow. It waits for the reader, and nothing waits for it.
 */
function exchangeSource({ recording, close, whenGone, redactor, filter, hasContent }: SourceOptions): Source {
  /** The line of an exchange; empty where the filter keeps it back. A filter sees what the reader would see. */
  function lineOf(raw: RecordedExchange): string {
    if (!filter.readsTexts && !filter.matches(raw)) return ''
    const exchange = redactExchange(raw, redactor)
    if (filter.readsTexts && !filter.matches(exchange)) return ''
    return `${exchangeLine(exchange, hasContent)}\n`
  }

  return {
    cancel: close,
    async pull(sink, signal) {
      signal.addEventListener('abort', close, { once: true })
      const stay = whenGone(close)
      const pacer = createPacer()
      let gathered = `${JSON.stringify({ recording: true })}\n`
      const flush = async (): Promise<void> => {
        const text = gathered
        gathered = ''
        await sink.write(Buffer.from(text))
      }
      try {
        const following = recording.follow()
        for (;;) {
          const pending = following.next()
          const { value: followed, done } = await (gathered === '' ? pending : soonOr(pending, flush))
          if (done === true || signal.aborted) break
          if (followed.missed > 0) gathered += `${JSON.stringify({ missed: followed.missed })}\n`
          gathered += lineOf(followed.raw)
          if (gathered.length >= batchSize) await flush()
          if (pacer.isDue()) await pacer.rest()
        }
        if (gathered !== '' && !signal.aborted) await flush()
      } finally {
        signal.removeEventListener('abort', close)
        stay()
        close()
      }
    },
  }
}

/** Waits for what may be there already; what was gathered is written before a longer wait. */
async function soonOr<Value>(pending: Promise<Value>, flush: () => Promise<void>): Promise<Value> {
  let isHere = false
  const settled = pending.finally(() => (isHere = true))
  await new Promise(setImmediate)
  if (!isHere) await flush()
  return settled
}
