import { once } from 'node:events'
import type { Transform } from 'node:stream'
import zlib from 'node:zlib'
import type { Body, Sink } from '../http/reply.ts'
import { pushBody } from './push-body.ts'

/** Most bytes that content from memory is decoded to at once. More is decoded as it is sent. */
const wholeBytes = 8 * 1024 * 1024

type Callback = (error: Error | null, result: Buffer) => void

interface Decoder {
  readonly whole: (content: Uint8Array, options: { maxOutputLength: number }, callback: Callback) => void
  readonly stream: () => Transform
}

/** zstd came with Node 22.15; older ones and their types lack it. */
interface Zstd {
  readonly zstdDecompress?: Decoder['whole']
  readonly createZstdDecompress?: Decoder['stream']
}

const gzip: Decoder = { whole: zlib.gunzip, stream: () => zlib.createGunzip() }
const { zstdDecompress, createZstdDecompress } = zlib as Zstd

const decoders = new Map<string, Decoder>([
  ['gzip', gzip],
  ['x-gzip', gzip],
  ['br', { whole: zlib.brotliDecompress, stream: () => zlib.createBrotliDecompress() }],
  ['deflate', { whole: zlib.inflate, stream: () => zlib.createInflate() }],
])
if (zstdDecompress !== undefined && createZstdDecompress !== undefined) {
  decoders.set('zstd', { whole: zstdDecompress, stream: () => createZstdDecompress() })
}

/** Whether content in a coding (the value of `Content-Encoding`) can be decoded here. */
export function isDecodable(coding: string): boolean {
  return decoders.has(coding.trim().toLowerCase())
}

function decoderOf(coding: string): Decoder {
  return decoders.get(coding.trim().toLowerCase()) as Decoder
}

/** Decodes content from memory; undefined when it is broken, or too large to be held decoded. */
export function decodeWhole(content: Uint8Array, coding: string): Promise<Buffer | undefined> {
  return new Promise((resolve) => {
    decoderOf(coding).whole(content, { maxOutputLength: wholeBytes }, (error, result) =>
      resolve(error === null ? result : undefined),
    )
  })
}

/** Pushes a coded body decoded into a sink, chunk by chunk. Broken content rejects, as any broken body does. */
export async function pushDecoded(
  body: Exclude<Body, null>,
  coding: string,
  sink: Sink,
  signal: AbortSignal,
): Promise<void> {
  const decoder = decoderOf(coding).stream()
  const stop = new AbortController()
  const abort = (): unknown => decoder.destroy(signal.reason as Error)
  if (signal.aborted) abort()
  signal.addEventListener('abort', abort, { once: true })
  // Whatever ends the decoder ends the body that feeds it.
  decoder.once('close', () => stop.abort())
  const input: Sink = {
    async write(chunk) {
      stop.signal.throwIfAborted()
      if (!decoder.write(chunk)) await once(decoder, 'drain', { signal: stop.signal })
    },
  }
  const pushed = pushBody(body, input, stop.signal).then(
    () => void decoder.end(),
    (error: Error) => void decoder.destroy(error),
  )
  try {
    for await (const chunk of decoder) await sink.write(chunk as Uint8Array)
  } finally {
    signal.removeEventListener('abort', abort)
    decoder.destroy()
    await pushed
  }
}
