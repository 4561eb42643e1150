import { Readable } from 'node:stream'
import type { Outlet, Relayed } from '../message/exchange.ts'

/** What a {@link BodyRelay} tells its owner. */
export interface RelayHooks {
  /** Called once, before the first byte is read. Throws when the content was taken before. */
  readonly begin: () => void
  /** Called for each piece with its length in bytes. */
  readonly count: (bytes: number) => void
  /** Whether nobody else can have kept a chunk. */
  readonly isOurs: boolean
  /** Whether an end of the content is its own, and not that of a client that left. */
  readonly isWhole: () => boolean
  /** Hands over the way to end the stream with an error that Node tells nobody else of. */
  readonly onFailure: (fail: (error: Error) => void) => void
}

/**
 * A request's content on its way to another server. The source is never destroyed with it: that would end the
 * connection on which the reply is due. What a reader that stops early has left is read and thrown away.
 */
export class BodyRelay extends Readable implements Relayed {
  readonly #content: Readable
  readonly #hooks: RelayHooks
  readonly #spent = new BufferRelease()
  #outlet: Outlet | undefined
  #begun = false

  constructor(content: Readable, hooks: RelayHooks) {
    super({ highWaterMark: 64 * 1024 })
    this.#content = content
    this.#hooks = hooks
  }

  goTo(outlet: Outlet): void {
    if (this.#hooks.isOurs) this.#outlet = outlet
  }

  override _read(): void {
    if (this.#begun) return void this.#content.resume()
    this.#begun = true
    const content = this.#content
    this.#hooks.begin()
    this.#hooks.onFailure((error) => this.destroy(error))
    content.on('data', this.#onData).once('end', this.#onEnd).once('error', this.#onError).once('close', this.#onClose)
    // Over HTTP/2 content that turns out empty ends before anyone reads.
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
    this.#hooks.count(chunk.byteLength)
    if (this.#outlet !== undefined) {
      if (this.readableLength + this.#outlet.writableLength === 0) this.#spent.free()
      this.#spent.add(chunk)
    }
    if (!this.push(chunk)) this.#content.pause()
  }

  readonly #onEnd = (): void => {
    if (this.#hooks.isWhole()) this.push(null)
    else this.destroy(clientLeftError())
  }
  readonly #onError = (error: Error): void => void this.destroy(error)
  readonly #onClose = (): void => {
    if (!this.#content.readableEnded) this.destroy(clientLeftError())
  }
}

/** What the reader of content hears when the rest of it will not come. */
export function clientLeftError(): Error {
  return new Error('The client left before its content was complete.')
}

/** Memory that can be given up at once, which Node 20 does not know yet. */
type Memory = ArrayBufferLike & { transfer?(bytes: number): unknown }

/** Smaller chunks are left to the garbage collector, which has them sooner than they are found here. */
const leastBytes = 16 * 1024

/**
 * Content that was passed on, whose memory is given up as soon as it was sent. Node takes new memory for every piece
 * of a request's content and, since it counts less than it weighs, collects it late: large uploads would cost 70 MB.
 */
export class BufferRelease {
  #passed: Memory[] = []

  /** Takes note of a chunk that nobody will look at when it was sent. */
  add({ buffer, byteLength }: Uint8Array): void {
    const memory: Memory = buffer
    // Others may have a part of memory that is not all the chunk's.
    if (byteLength >= leastBytes && byteLength === memory.byteLength && memory.transfer) this.#passed.push(memory)
  }

  /** Gives up the memory of all chunks so far: they are empty from now on. */
  free(): void {
    for (const memory of this.#passed) memory.transfer?.(0)
    this.#passed = []
  }
}
