import { Readable } from 'node:stream'
import type { Relayed } from '../message/exchange.ts'

/** What a {@link BodyRelay} tells its owner. */
export interface RelayHooks {
  /** Called once, before the first byte is read. Throws when the content was taken before. */
  readonly begin: () => void
  /** Called for each piece. */
  readonly count: (chunk: Uint8Array) => void
  /** Whether no other reader can have kept a chunk. */
  readonly isOurs: boolean
  /** Whether the content was complete when its stream ended: a client that left may end it too. */
  readonly isWhole: () => boolean
  /** Receives a function that ends the stream with an error, where Node emits none. */
  readonly onFailure: (fail: (error: Error) => void) => void
}

/**
 * The content of a request, forwarded to an upstream. Destroying it does not destroy the source, which would end the
 * connection before the reply; the rest of the content is read and dropped.
 */
export class BodyRelay extends Readable implements Relayed {
  readonly #content: Readable
  readonly #hooks: RelayHooks
  #begun = false

  constructor(content: Readable, hooks: RelayHooks) {
    super({ highWaterMark: 64 * 1024 })
    this.#content = content
    this.#hooks = hooks
  }

  free(chunk: Uint8Array): void {
    if (this.#hooks.isOurs) freeMemory(chunk)
  }

  override _read(): void {
    if (this.#begun) return void this.#content.resume()
    this.#begun = true
    const content = this.#content
    this.#hooks.begin()
    this.#hooks.onFailure((error) => this.destroy(error))
    content.on('data', this.#onData).once('end', this.#onEnd).once('error', this.#onError).once('close', this.#onClose)
    // Over HTTP/2 empty content ends before the first read.
    if (content.readableEnded) this.push(null)
  }

  override _destroy(error: Error | null, done: (error: Error | null) => void): void {
    const content = this.#content
    if (this.#begun) {
      content.off('data', this.#onData).off('end', this.#onEnd).off('close', this.#onClose)
      content.resume()
    }
    done(error)
  }

  readonly #onData = (chunk: Uint8Array): void => {
    this.#hooks.count(chunk)
    if (!this.push(chunk)) this.#content.pause()
  }

  readonly #onEnd = (): void => {
    if (this.#hooks.isWhole()) this.push(null)
    else this.destroy(new ClientLeftError())
  }
  readonly #onError = (error: Error): void => void this.destroy(error)
  readonly #onClose = (): void => {
    if (!this.#content.readableEnded) this.destroy(new ClientLeftError())
  }
}

/** The error that ends the stream of content whose client left early. */
export class ClientLeftError extends Error {
  constructor(cause?: Error) {
    super('The client left before its content was complete.', { cause })
  }
}

/** Memory that Node 22 and later can free at once. */
type Memory = ArrayBufferLike & { transfer?(bytes: number): unknown }

/** Smaller chunks are left to the garbage collector: it frees them with less work. */
const leastBytes = 16 * 1024

/** Made with the first use. */
let closedPort: InstanceType<typeof MessagePort> | undefined

/**
 * Frees the memory of a chunk, which is empty afterwards. Node allocates new memory for every chunk, and the garbage
 * collector frees it late: large uploads would use 70 MB, and each of 64 KiB would cost twice the time.
 */
export function freeMemory({ buffer, byteLength }: Uint8Array): void {
  const memory: Memory = buffer
  // Memory that is larger than the chunk may be shared with others.
  if (byteLength < leastBytes || byteLength !== memory.byteLength) return
  if (memory.transfer !== undefined) return void memory.transfer(0)
  // Node 20 moves what is posted out of the sender's memory, and drops it where the other port is closed.
  if (closedPort === undefined) {
    const { port1, port2 } = new MessageChannel()
    port2.close()
    closedPort = port1
  }
  closedPort.postMessage(null, [memory as ArrayBuffer])
}
