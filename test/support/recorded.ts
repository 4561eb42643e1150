import type { RecordedExchange, RecordedReply } from '../../src/index.ts'

/** What a test says of an exchange; texts are content. */
export interface RecordedFacts extends Partial<Omit<RecordedExchange, 'request' | 'reply'>> {
  readonly requestHeaders?: readonly string[]
  readonly requestContent?: string | Uint8Array
  readonly requestTrailers?: readonly string[]
  /** Default 200; false for none. */
  readonly status?: number | false
  readonly headers?: readonly string[]
  readonly content?: string | Uint8Array
  readonly trailers?: readonly string[]
  /** Bytes on the wire. Default: those of the content. */
  readonly bytes?: number
  readonly requestBytes?: number
}

/** A recorded exchange: `GET / HTTP/1.1` from this machine, unless the facts say otherwise. */
export function recorded(facts: RecordedFacts = {}): RecordedExchange {
  const {
    requestHeaders = ['Host', 'localhost:8008'],
    requestContent = '',
    requestTrailers = [],
    status = 200,
    headers = ['Content-Type', 'text/plain'],
    content = '',
    trailers = [],
    bytes,
    requestBytes,
    ...rest
  } = facts
  const asked = bytesOf(requestContent)
  const sent = bytesOf(content)
  const reply: RecordedReply | undefined =
    status === false ? undefined : { status, headers, content: sent, bytes: bytes ?? sent.length, trailers }
  return {
    id: 1,
    time: Date.UTC(2026, 0, 5, 12),
    peer: { address: '127.0.0.1', port: 50_000, localAddress: '127.0.0.1', encrypted: false },
    version: '1.1',
    method: 'GET',
    target: '/',
    authority: 'localhost:8008',
    request: {
      headers: requestHeaders,
      content: asked,
      bytes: requestBytes ?? asked.length,
      trailers: requestTrailers,
    },
    reply,
    forwarded: [],
    firstByteMs: 1.5,
    endMs: 2,
    aborted: false,
    ...{ user: '', route: '', upstream: '', reason: '', refusal: '', remark: '', site: '', listener: '' },
    ...rest,
  }
}

function bytesOf(content: string | Uint8Array): Uint8Array {
  return typeof content === 'string' ? Buffer.from(content) : content
}
