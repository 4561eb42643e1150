import type { FileHandle } from './open-files.ts'

/**
 * Part of an open file. Owns it: its holder must send it or dispose it, exactly once.
 */
export class FileSlice {
  /** First byte. */
  readonly start: number
  /** How many bytes. */
  readonly length: number
  readonly #file: FileHandle
  #isOurs = true

  constructor(file: FileHandle, start: number, length: number) {
    this.#file = file
    this.start = start
    this.length = length
  }

  /** Its descriptor, for use in this turn only. @throws ServeError `E8008_INTERNAL` when the file was replaced. */
  get fd(): number {
    return this.#file.fd
  }

  /**
   * Reads bytes of the slice into a buffer.
   *
   * @param offset Where in the slice.
   * @throws ServeError `E8008_INTERNAL` when the file has become shorter, or another one.
   */
  read(buffer: Uint8Array, offset: number, length: number): Promise<number> {
    return this.#file.read(buffer, length, this.start + offset)
  }

  /** A narrower slice that takes the file over; this one must not be used afterwards. */
  narrow(offset: number, length: number): FileSlice {
    this.#isOurs = false
    return new FileSlice(this.#file, this.start + offset, length)
  }

  /** Closes the file; further calls do nothing. */
  dispose(): void {
    if (this.#isOurs) this.#file.dispose()
    this.#isOurs = false
  }
}
