import { compileFilter } from '../../inspect/filter/filter.ts'
import type { RecordedExchange, RecordedMessage } from '../../inspect/types.ts'
import type { Attempt, Content, ShownExchange, FieldPairs } from './exchange.ts'

/** Most bytes that the page keeps, about; beyond it the oldest exchanges go. */
const mostBytes = 64 * 2 ** 20
/** Milliseconds of filtering after which the page may draw and take keys. */
const sliceMs = 8

/** What the page has received. */
export interface Store {
  /** What passes the filter, the oldest first. */
  readonly shown: readonly ShownExchange[]
  readonly total: number
  /** Bytes that are kept, about. */
  readonly bytes: number
  /** Exchanges that were dropped here, or that the page was too slow to receive. */
  readonly missed: number
  /** Exchanges that came while the list stands still. */
  readonly held: number
  add(exchanges: readonly ShownExchange[]): void
  /** Lets the list stand still, or go on with what came meanwhile. */
  pause(isPaused: boolean): void
  miss(count: number): void
  clear(): void
  /** Shows what passes another filter. @throws Error with its problem, as a sentence */
  filter(text: string): void
}

/** @param changed Called when what is shown has changed; `progress` is 1 when the whole filter has run. */
export function createStore(changed: (progress: number) => void): Store {
  let all: ShownExchange[] = []
  let shown: ShownExchange[] = []
  let bytes = 0
  let missed = 0
  let matches: (exchange: ShownExchange) => boolean = () => true
  let run = 0
  /** How many of all came before the list stood still. */
  let paused: number | undefined

  function drop(): void {
    let count = 0
    while (bytes > mostBytes && count < all.length - 1) bytes -= sizeOf(all[count++] as ShownExchange)
    if (count === 0) return
    // In the order of their end, which is not that of their ids.
    const dropped = new Set(all.slice(0, count))
    all = all.slice(count)
    shown = shown.filter((each) => !dropped.has(each))
    if (paused !== undefined) paused = Math.max(0, paused - count)
    missed += count
  }

  /** Filters in slices: 100,000 exchanges take a moment, in which keys and drawing go on. */
  async function refilter(): Promise<void> {
    const own = ++run
    const from = all.slice(0, paused)
    const found: ShownExchange[] = []
    let until = performance.now() + sliceMs
    for (let i = 0; i < from.length; i++) {
      if (matches(from[i] as ShownExchange)) found.push(from[i] as ShownExchange)
      if (i % 64 !== 0 || performance.now() < until) continue
      changed(i / from.length)
      await new Promise((resolve) => setTimeout(resolve))
      if (own !== run) return
      until = performance.now() + sliceMs
    }
    // Those that came meanwhile were filtered as they came.
    const before = new Set(from)
    const kept = new Set(all)
    const later = all.slice(0, paused).filter((each) => !before.has(each))
    shown = [...found.filter((each) => kept.has(each)), ...later.filter(matches)]
    changed(1)
  }

  return {
    get shown() {
      return shown
    },
    get total() {
      return all.length
    },
    get bytes() {
      return bytes
    },
    get missed() {
      return missed
    },
    add(exchanges) {
      for (const exchange of exchanges) {
        all.push(exchange)
        bytes += sizeOf(exchange)
        if (paused === undefined && matches(exchange)) shown.push(exchange)
      }
      drop()
      changed(1)
    },
    get held() {
      return paused === undefined ? 0 : all.length - paused
    },
    pause(isPaused) {
      const later = isPaused ? [] : all.slice(paused ?? all.length)
      paused = isPaused ? all.length : undefined
      shown.push(...later.filter(matches))
      changed(1)
    },
    miss(count) {
      missed += count
      changed(1)
    },
    clear() {
      run++
      all = []
      shown = []
      if (paused !== undefined) paused = 0
      bytes = 0
      missed = 0
      changed(1)
    },
    filter(text) {
      const compiled = text.trim() === '' ? undefined : compileFilter(text)
      matches = compiled === undefined ? () => true : (exchange) => compiled.matches(recorded(exchange))
      void refilter()
    },
  }
}

function sizeOf(exchange: ShownExchange): number {
  const { target, requestHeaders, headers, requestTrailers, trailers, forwarded } = exchange
  const ofContent = (each: Content | null | undefined): number => (each?.text ?? each?.base64 ?? '').length
  return [requestHeaders, headers, requestTrailers, trailers, ...forwarded.flatMap(fieldsOf)]
    .flat()
    .reduce(
      (sum, [name, value]) => sum + name.length + value.length,
      600 + target.length + ofContent(exchange.requestContent) + ofContent(exchange.content),
    )
}

function fieldsOf({ headers, replyHeaders }: Attempt): FieldPairs[] {
  return [headers, replyHeaders]
}

/** An exchange as the filter language knows it. Content is decoded only where a filter asks for it. */
function recorded(exchange: ShownExchange): RecordedExchange {
  const { time, address, port, tls, host, status, ms, firstByteMs } = exchange
  return {
    ...exchange,
    time: Date.parse(time),
    peer: { address, port, encrypted: tls, localAddress: '' },
    authority: host,
    request: message(exchange.requestHeaders, exchange.requestTrailers, exchange.requestBytes, exchange.requestContent),
    reply:
      status === null
        ? undefined
        : { status, ...message(exchange.headers, exchange.trailers, exchange.bytes, exchange.content) },
    endMs: ms ?? undefined,
    firstByteMs: firstByteMs ?? undefined,
    listener: '',
    forwarded: [],
  }
}

function message(
  headers: FieldPairs,
  trailers: FieldPairs,
  bytes: number,
  content: Content | null | undefined,
): RecordedMessage {
  return {
    headers: headers.flat(),
    trailers: trailers.flat(),
    bytes,
    get content() {
      return contentBytes(content)
    },
  }
}

/** The bytes of content that is shown. */
export function contentBytes(content: Content | null | undefined): Uint8Array {
  if (content?.text !== undefined) return new TextEncoder().encode(content.text)
  return Uint8Array.from(atob(content?.base64 ?? ''), (character) => character.charCodeAt(0))
}
