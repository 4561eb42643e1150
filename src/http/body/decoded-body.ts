import type { Body, Sink } from '../message/reply.ts'
import { CodingError, startDecoder, type StartedDecoder } from './decoder.ts'
import { pumpBody } from './reply-body.ts'

/** Most decoded bytes of content from memory that are kept. Larger content is decoded while it is sent. */
const wholeBytes = 8 * 1024 * 1024
/** Markup compresses to a hundredth of its size at best. Past the bound, content that expands more is a decompression bomb. */
const mostExpansion = 100

const never = new AbortController().signal

/** The content coding of a body, and the bound of its decoded size. */
export interface BodyCoding {
  /** The value of `Content-Encoding`. */
  readonly coding: string
  /** Most decoded bytes of the first chunk. Past this size, a body that expands too much is aborted. */
  readonly bound: number
}

/** Decodes content from memory. `broken`: the content is not in that coding. `large`: too large to be kept decoded. */
export async function decodeWhole(
  content: Uint8Array,
  { coding, bound }: BodyCoding,
): Promise<Buffer | 'broken' | 'large'> {
  const most = Math.min(wholeBytes, bound)
  const chunks: Uint8Array[] = []
  let length = 0
  const sink = {
    write(chunk: Uint8Array): void {
      if ((length += chunk.length) > most) throw new RangeError('too large')
      chunks.push(chunk)
    },
  }
  try {
    await pushDecoded(content, { coding, bound: Infinity }, sink, never)
    return Buffer.concat(chunks)
  } catch (error) {
    return error instanceof RangeError ? 'large' : 'broken'
  }
}

/** Result of decoding the first bytes. `page`: they decode. `more`: they are too few to tell. */
export type PeekResult = 'page' | 'more' | 'broken' | 'large'

/** Decodes the first bytes of content, and drops the result. */
export function peekDecoded(first: Uint8Array, { coding, bound }: BodyCoding): Promise<PeekResult> {
  const started = startDecoder(coding, Buffer.from(first.buffer, first.byteOffset, first.length))
  if (started === 'more') return Promise.resolve('more')
  if (started === undefined) return Promise.resolve('broken')
  const { decoder, skipped, isExact = false } = started
  const bytes = first.subarray(skipped)
  return new Promise((resolve) => {
    let length = 0
    const end = (found: PeekResult): void => {
      resolve(found)
      decoder.destroy()
    }
    decoder.on('error', () => end('broken'))
    decoder.on('data', (chunk: Buffer) => {
      if ((length += chunk.length) > bound) end('large')
    })
    decoder.write(bytes, () => {
      if (isExact && decoder.bytesWritten < bytes.length) end('broken')
      else end(length > 0 ? 'page' : 'more')
    })
  })
}

/**
 * Decodes a body, and pushes it into a sink chunk by chunk.
 *
 * @throws CodingError for content that is not in that coding, ends too early or expands too much. Errors of the body and
 *   of the sink are passed on.
 */
export async function pushDecoded(
  body: Exclude<Body, null>,
  { coding, bound }: BodyCoding,
  sink: Sink,
  signal: AbortSignal,
): Promise<void> {
  const stop = new AbortController()
  let first = Buffer.alloc(0)
  let taken = 0
  let given = 0
  let decoder: StartedDecoder['decoder'] | undefined
  let isExact = false
  let output: Promise<void> | undefined
  let fault: Error | undefined
  let isFed = true
  let isOver = false
  let goOn = (): void => {}
  const abort = (): void => {
    stop.abort(signal.reason)
    decoder?.destroy()
  }
  if (signal.aborted) abort()
  signal.addEventListener('abort', abort, { once: true })

  function start(chunk: Uint8Array): Uint8Array | undefined {
    first = Buffer.concat([first, chunk])
    const started = startDecoder(coding, first)
    if (started === 'more') return undefined
    if (started === undefined) throw notCoded(coding)
    ;({ decoder, isExact = false } = started)
    // Only errors of the decoder. `isFed` is false when the body failed and destroyed the decoder.
    decoder.on('error', (error) => {
      if (isFed) fault = error
    })
    // A decoder that fails never calls back for the pending write.
    decoder.on('close', () => goOn())
    output = drain(decoder)
    output.catch(() => {})
    return first.subarray(started.skipped)
  }

  async function drain(decoded: AsyncIterable<Uint8Array>): Promise<void> {
    let made = 0
    try {
      for await (const chunk of decoded) {
        made += chunk.length
        if (made > bound && made > mostExpansion * taken) {
          throw new CodingError(`The page expands to more than ${bound} bytes (limits.pageBytes).`)
        }
        await sink.write(chunk)
      }
      // Read the rest of the body: gzip has a checksum after its data, and a connection is reused only once it is read.
      isOver = true
    } catch (error) {
      // An error of the decoder or of the sink also ends the body.
      stop.abort()
      throw error
    }
  }

  const input: Sink = {
    write(chunk) {
      stop.signal.throwIfAborted()
      taken += chunk.length
      const bytes = decoder === undefined ? start(chunk) : chunk
      // The writer may reuse the memory of the chunk once this resolves, so it resolves when the decoder has read it.
      if (bytes === undefined) return undefined
      given += bytes.length
      if (isOver) return undefined
      return new Promise((resolve) => {
        goOn = (): void => resolve()
        decoder?.write(bytes, goOn)
      })
    },
  }
  try {
    await pumpBody(body, input, stop.signal).catch((error: Error) => {
      isFed = false
      if (decoder === undefined) throw error
      decoder.destroy(error)
    })
    decoder?.end()
    await output
  } catch (error) {
    signal.throwIfAborted()
    throw error === fault ? notCoded(coding, fault) : error
  } finally {
    signal.removeEventListener('abort', abort)
  }
  if (decoder === undefined && taken > 0) throw cutShort(coding)
  if (isExact && decoder !== undefined && decoder.bytesWritten < given) {
    throw new CodingError(`The ${coding} content has more parts than can be decoded.`)
  }
}

function notCoded(coding: string, cause?: Error): CodingError {
  if (/unexpected end/.test(cause?.message ?? '')) return cutShort(coding)
  return new CodingError(`The content is not ${coding}.`, { cause })
}

function cutShort(coding: string): CodingError {
  return new CodingError(`The ${coding} content ends too early.`)
}
