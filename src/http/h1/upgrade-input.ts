import { Readable, type Duplex } from 'node:stream'
import { readsContent } from './declined-upgrade.ts'

/**
 * Bytes that a client may send after its content before its upgrade is answered. With more its connection is closed:
 * without reading on, nothing would show that the client has left.
 */
const mostBytes = 256 * 1024

/** What {@link UpgradeInput} reads. */
export interface UpgradeInputOptions {
  readonly request: Readable & { complete: boolean }
  readonly socket: Duplex
  /** Bytes that were read after the header section, or after the content. */
  readonly head: Uint8Array
  /** Bytes of content that the request announced. */
  readonly length: number
  /** Milliseconds until all content must have arrived. */
  readonly requestMs: number
  /** Calls back when the connection closes; returns a function that removes the callback. */
  readonly whenClosed: (callback: () => void) => () => void
  /** Called with the code of Node's parser if the content is late or was cut off. */
  readonly onFault: (code: string) => void
}

/** What a client sends after the header section of an upgrade: content, then bytes in the new protocol. */
export class UpgradeInput {
  /** The content of the request. */
  readonly content: Readable
  readonly #options: UpgradeInputOptions
  /** Bytes of content that this class has yet to read from the socket. */
  #missing = 0
  #pieces: Uint8Array[] = []
  #kept = 0
  #timer: NodeJS.Timeout | undefined
  #isReading = false

  constructor(options: UpgradeInputOptions) {
    const { request, length } = options
    this.#options = options
    this.content = request
    if (readsContent || length === 0) return
    this.#missing = length
    // Node stopped reading at the header section, and calls that a complete message.
    request.complete = false
    this.content = new Readable({ read: () => {} })
  }

  /** Reads the connection until `stop`, since only a read shows that the client has left. */
  start(): void {
    if (this.#isReading) return
    const { request, socket, requestMs } = this.#options
    this.#isReading = true
    socket.once('end', this.#onEnd)
    // Where Node reads the content, reading the socket before the end of the content would drop it.
    if (readsContent && !request.complete) request.once('end', this.#readSocket)
    else this.#readSocket()
    if (request.complete) return
    this.#timer = setTimeout(() => this.#fail('ERR_HTTP_REQUEST_TIMEOUT'), requestMs)
    this.#options.whenClosed(this.#onClose)
  }

  /** Stops reading. Returns the bytes that followed the content. */
  stop(): Uint8Array {
    const { request, socket, head } = this.#options
    if (!this.#isReading) return head
    this.#isReading = false
    clearTimeout(this.#timer)
    request.off('end', this.#readSocket)
    socket.off('data', this.#onData).off('end', this.#onEnd)
    // Resets the flowing state, so that the next `data` listener starts the stream again.
    socket.pause()
    Object.assign(socket, { readableFlowing: null })
    return this.#pieces.length === 1 ? (this.#pieces[0] as Uint8Array) : Buffer.concat(this.#pieces)
  }

  readonly #readSocket = (): void => {
    clearTimeout(this.#timer)
    const { socket, head } = this.#options
    socket.on('data', this.#onData)
    this.#onData(head)
  }

  readonly #onData = (chunk: Uint8Array): void => {
    const rest = this.#missing === 0 ? chunk : this.#takeContent(chunk)
    this.#pieces.push(rest)
    this.#kept += rest.byteLength
    if (this.#kept > mostBytes) this.#options.socket.destroy()
  }

  /** Returns the bytes after the content. */
  #takeContent(chunk: Uint8Array): Uint8Array {
    const part = chunk.subarray(0, this.#missing)
    this.#missing -= part.byteLength
    if (part.byteLength > 0) this.content.push(part)
    if (this.#missing === 0) {
      clearTimeout(this.#timer)
      this.#options.request.complete = true
      this.content.push(null)
    }
    return chunk.subarray(part.byteLength)
  }

  #fail(code: string): void {
    if (this.#options.request.complete) return
    this.stop()
    this.#options.onFault(code)
  }

  readonly #onEnd = (): void => this.#fail('HPE_INVALID_EOF_STATE')

  readonly #onClose = (): void => {
    clearTimeout(this.#timer)
    if (!this.#options.request.complete) this.content.destroy()
  }
}
