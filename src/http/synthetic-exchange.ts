import { Readable } from 'node:stream'
import type { Exchange, Peer } from './message/exchange.ts'
import { checkInterimStatus } from './framing.ts'
import { RequestHeaders, type HeaderList } from './message/headers.ts'
import { StreamBody } from './body/request-body.ts'
import { parseRequestTarget } from './message/request-target.ts'

let exchanges = 0

/** The next exchange number of this process. */
export function nextExchangeId(): number {
  return ++exchanges
}

/** The peer of an exchange without a connection. */
const noPeer: Peer = { address: '', port: 0, localAddress: '', localPort: 0, encrypted: false }

/** What a {@link syntheticExchange} is made of. */
export interface SyntheticExchangeOptions {
  readonly method: string
  readonly target: string
  readonly version?: string
  readonly headers?: HeaderList
  readonly peer?: Peer
  readonly content?: Readable
  /** Whether the program has read the content already. */
  readonly isSpent?: () => boolean
  /** Most bytes of content that are read. Default unlimited. */
  readonly bodyBytes?: number
  readonly signal?: AbortSignal
}

/** An exchange without a connection: for `fetch`, for the log of unreadable messages, for tests. */
export function syntheticExchange(options: SyntheticExchangeOptions): Exchange {
  const headers = new RequestHeaders(options.headers ?? [])
  const { signal = new AbortController().signal, isSpent } = options
  return {
    id: nextExchangeId(),
    startedAt: performance.now(),
    batch: Number.NaN,
    method: options.method,
    version: options.version ?? '1.1',
    target: parseRequestTarget(options.method, options.target),
    authority: undefined,
    headers,
    peer: options.peer ?? noPeer,
    body: new StreamBody(options.content ?? Readable.from([]), {
      headers,
      limit: options.bodyBytes ?? Infinity,
      ...(isSpent === undefined ? {} : { isSpent }),
    }),
    signal,
    whenGone: (callback) => {
      if (signal.aborted) callback()
      else signal.addEventListener('abort', callback)
      return () => signal.removeEventListener('abort', callback)
    },
    inform: checkInterimStatus,
    notes: {},
  }
}
