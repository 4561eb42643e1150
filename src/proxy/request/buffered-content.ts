import { randomUUID } from 'node:crypto'
import { open, unlink, type FileHandle } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { ServeError } from '../../core/serve-error.ts'
import type { RequestBody } from '../../http/message/exchange.ts'
import { getField } from '../../http/message/headers.ts'
import type { UpstreamReply } from '../types.ts'
import { UpstreamError } from '../upstream/upstream-error.ts'

/** The content of a request, as far as forwarding is concerned. */
export type ForwardedContent = Pick<RequestBody, 'expected' | 'length' | 'taken' | 'relay'>

/** Content that was read before it is sent: its length is known, and it can be sent again. */
export interface BufferedContent extends ForwardedContent {
  /** Frees what holds the content once nobody reads it any more. Nothing may be sent afterwards. */
  release(): void
}

/** Bytes that are kept in memory. Longer content lies in a temporary file. */
const memoryBytes = 2 ** 20
const readBytes = 64 * 1024

/**
 * Reads the content of a request to its end, for a backend that does not understand chunks. Its bound is
 * `limits.bodyBytes`.
 *
 * @throws ServeError 413, or 500 where there is no room for it; UpstreamError when the client leaves
 */
export async function bufferContent(body: RequestBody): Promise<BufferedContent> {
  let chunks: Uint8Array[] = []
  let length = 0
  let spool: Spool | undefined
  const content = body.stream()
  try {
    for await (const chunk of content as AsyncIterable<Uint8Array>) {
      length += chunk.byteLength
      if (spool !== undefined) await spool.write(chunk)
      else if (chunks.push(chunk) && length > memoryBytes) {
        spool = await openSpool()
        for (const each of chunks) await spool.write(each)
        chunks = []
      }
    }
  } catch (cause) {
    spool?.release()
    if (cause instanceof ServeError) throw cause
    throw new UpstreamError('left', 'The client left.', { wrote: false, cause })
  }
  const file = spool
  return {
    expected: length > 0,
    length,
    taken: false,
    relay: () => (file === undefined ? Readable.from(chunks, { objectMode: false }) : file.read(length)),
    release: () => file?.release(),
  }
}

interface Spool {
  write(chunk: Uint8Array): Promise<void>
  read(length: number): Readable
  release(): void
}

/** A file without a name: it is gone when it is closed, even if the process is killed. */
async function openSpool(): Promise<Spool> {
  const path = join(tmpdir(), `serve8008-${randomUUID()}`)
  const file = await open(path, 'wx+', 0o600).catch(noRoom)
  await unlink(path).catch(noRoom)
  let readers = 0
  let isReleased = false
  const closeUnused = (): void => {
    if (isReleased && readers === 0) void file.close().catch(() => {})
  }
  return {
    async write(chunk) {
      for (let at = 0; at < chunk.byteLength;) {
        at += (await file.write(chunk, at, chunk.byteLength - at).catch(noRoom)).bytesWritten
      }
    },
    read: (length) => {
      const begun = (): unknown => readers++
      const ended = (): void => {
        readers--
        closeUnused()
      }
      return new FileContent(file, { length, begun, ended })
    },
    release() {
      isReleased = true
      closeUnused()
    },
  }
}

function noRoom(cause: unknown): never {
  throw new ServeError('E8008_INTERNAL', `The content of a request cannot be kept in ${tmpdir()}.`, {
    hint: 'make room there, or leave `buffer` of the route out',
    cause,
  })
}

interface FileContentOptions {
  readonly length: number
  /** Called before the first byte is read. */
  readonly begun: () => void
  /** Called when nothing is read any more. */
  readonly ended: () => void
}

/** Reads a file from its beginning, beside other readers. What is never read holds nothing open. */
class FileContent extends Readable {
  readonly #file: FileHandle
  readonly #options: FileContentOptions
  #position = 0
  #isBegun = false

  constructor(file: FileHandle, options: FileContentOptions) {
    super({ highWaterMark: readBytes })
    this.#file = file
    this.#options = options
  }

  override _read(): void {
    if (!this.#isBegun) this.#options.begun()
    this.#isBegun = true
    const size = Math.min(readBytes, this.#options.length - this.#position)
    if (size === 0) return void this.push(null)
    this.#file.read(Buffer.allocUnsafe(size), 0, size, this.#position).then(
      ({ bytesRead, buffer }) => {
        this.#position += bytesRead
        if (bytesRead === 0) this.destroy(new Error('The file of the content became shorter.'))
        else this.push(buffer.subarray(0, bytesRead))
      },
      (error: Error) => this.destroy(error),
    )
  }

  override _destroy(error: Error | null, done: (error: Error | null) => void): void {
    if (this.#isBegun) this.#options.ended()
    done(error)
  }
}

/**
 * Whether a backend may have taken content in chunks for none. One of HTTP/1.0 knows no chunks (RFC 9112 section 6.1);
 * Python's `wsgiref`, on which Django's runserver stands, claims HTTP/1.1 and knows none either.
 */
export function losesChunks({ isHttp10 = false, headers }: UpstreamReply): boolean {
  return isHttp10 || /^(?:WSGIServer|BaseHTTP|SimpleHTTP)\//.test(getField(headers, 'server') ?? '')
}
