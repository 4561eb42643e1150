/** The way out that content takes, such as a connection. */
export interface Outlet {
  /** Bytes that wait to be sent. */
  readonly writableLength: number
}

/** Memory that can be given up at once, which Node 20 does not know yet. */
type Memory = ArrayBufferLike & { transfer?(bytes: number): unknown }

/** Smaller chunks are left to the garbage collector, which has them sooner than they are found here. */
const leastBytes = 16 * 1024

/**
 * Content that was passed on, whose memory is given up as soon as it was sent. Node takes new memory for every piece
 * of a request's content and, since it counts less than it weighs, collects it late: large uploads would cost 70 MB.
 */
export class SpentChunks {
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
