import { close } from 'node:fs'

/**
 * Part of an open file. Owns its descriptor: whoever holds the slice must send it or dispose it,
 * and does so exactly once.
 */
export class FileSlice {
  /** Open descriptor, read by position only. */
  readonly fd: number
  /** First byte. */
  readonly start: number
  /** How many bytes. */
  readonly length: number
  #open = true

  constructor(fd: number, start: number, length: number) {
    this.fd = fd
    this.start = start
    this.length = length
  }

  /** A narrower slice that takes the descriptor over; this one must not be used afterwards. */
  narrow(offset: number, length: number): FileSlice {
    this.#open = false
    return new FileSlice(this.fd, this.start + offset, length)
  }

  /** Closes the descriptor; further calls do nothing. */
  dispose(): void {
    if (!this.#open) return
    this.#open = false
    // A close that fails has still released the descriptor: there is nothing to add to it.
    close(this.fd, () => {})
  }
}
