import { randomUUID } from 'node:crypto'
import { open, unlink, type FileHandle } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { ServeError } from '../../core/serve-error.ts'
import type { RequestBody } from '../../http/message/exchange.ts'
import { getField } from '../../http/message/headers.ts'
import type { UpstreamReply } from '../types.ts'
import { clientLeftFault } from '../upstream/upstream-error.ts'

/** The parts of a request body that forwarding uses. */
export type ForwardedContent = Pick<RequestBody, 'expected' | 'length' | 'taken' | 'relay'>

/** Content that was read to its end before it is sent: its length is known, and it can be sent again. */
export interface BufferedContent extends ForwardedContent {
  /** Closes the temporary file after its last reader. Do not call `relay` afterwards. */
  release(): void
}

/** Bytes that are buffered in memory. Longer content goes into a temporary file. */
const memoryBytes = 2 ** 20
const readBytes = 64 * 1024

/**
 * Reads the content of a request to its end, for an upstream that ignores chunked content. `limits.bodyBytes` bounds it.
 *
 * @throws ServeError 413, or 500 if the temporary file cannot be written; UpstreamError when the client disconnects
 */
export async function bufferContent(body: RequestBody): Promise<BufferedContent> {
  let chunks: Uint8Array[] = []
  let length = 0
  let temp: TempFile | undefined
  const content = body.stream()
  try {
    for await (const chunk of content as AsyncIterable<Uint8Array>) {
      length += chunk.byteLength
      if (temp !== undefined) await temp.write(chunk)
      else if (chunks.push(chunk) && length > memoryBytes) {
        temp = await openTempFile()
        for (const each of chunks) await temp.write(each)
        chunks = []
      }
    }
  } catch (cause) {
    temp?.release()
    if (cause instanceof ServeError) throw cause
    throw clientLeftFault(false, cause)
  }
  const file = temp
  return {
    expected: length > 0,
    length,
    taken: false,
    relay: () => (file === undefined ? Readable.from(chunks, { objectMode: false }) : file.read(length)),
    release: () => file?.release(),
  }
}

interface TempFile {
  write(chunk: Uint8Array): Promise<void>
  read(length: number): Readable
  release(): void
}

/** Unlinks the file at once: the system then deletes it when it is closed, even if the process is killed. */
async function openTempFile(): Promise<TempFile> {
  const path = join(tmpdir(), `serve8008-${randomUUID()}`)
  const file = await open(path, 'wx+', 0o600).catch(cannotWrite)
  await unlink(path).catch(cannotWrite)
  let readers = 0
  let isReleased = false
  const closeUnused = (): void => {
    if (isReleased && readers === 0) void file.close().catch(() => {})
  }
  return {
    async write(chunk) {
      for (let at = 0; at < chunk.byteLength;) {
        at += (await file.write(chunk, at, chunk.byteLength - at).catch(cannotWrite)).bytesWritten
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

function cannotWrite(cause: unknown): never {
  throw new ServeError('E8008_INTERNAL', `The content of a request cannot be written to ${tmpdir()}.`, {
    hint: 'free disk space there, or remove `buffer` from the route',
    cause,
  })
}

interface FileContentOptions {
  readonly length: number
  /** Called before the first byte is read. */
  readonly begun: () => void
  /** Called when the reader is destroyed. */
  readonly ended: () => void
}

/** Reads a file from its beginning, independently of other readers. Counts as a reader from its first read on. */
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
        if (bytesRead === 0) this.destroy(new Error('The temporary file of the content was truncated.'))
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
 * Whether an upstream may have ignored chunked content. HTTP/1.0 has no chunked coding (RFC 9112 section 6.1); Python's
 * `wsgiref`, which Django's runserver uses, answers with HTTP/1.1 and does not read it either.
 */
export function ignoresChunks({ isHttp10 = false, headers }: UpstreamReply): boolean {
  return isHttp10 || /^(?:WSGIServer|BaseHTTP|SimpleHTTP)\//.test(getField(headers, 'server') ?? '')
}
