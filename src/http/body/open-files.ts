import { closeSync, read } from 'node:fs'
import { ServeError } from '../../core/serve-error.ts'

/** Concurrent reads: Node has few threads for files, and a file that is read stays open. */
const readsAtOnce = 16

/** Opens a file again; undefined when it has changed. */
export type Reopen = () => number | undefined

/**
 * The files that a server sends. Above the limit, the least recently read one is closed until its client takes more, so
 * that clients that never read use no descriptors.
 */
export class OpenFiles {
  readonly #most: number
  /** The least recently read one first. */
  readonly #open = new Set<FileHandle>()
  readonly #queue: (() => void)[] = []
  #reading = 0

  /** @param most Files that may be open at the same time. */
  constructor(most: number) {
    this.#most = most
  }

  /** How many are open. */
  get size(): number {
    return this.#open.size
  }

  /** Takes ownership of a descriptor. */
  take(fd: number, reopen: Reopen): FileHandle {
    return new FileHandle(fd, reopen, this)
  }

  /** Marks a file as the most recently read one. */
  used(file: FileHandle): void {
    this.#open.delete(file)
    this.#open.add(file)
    if (this.#open.size <= this.#most) return
    for (const other of this.#open) if (other !== file && other.park()) return
  }

  closed(file: FileHandle): void {
    this.#open.delete(file)
  }

  /** Runs a read, at most {@link readsAtOnce} at a time. */
  async inTurn<Result>(act: () => Promise<Result>): Promise<Result> {
    if (this.#reading === readsAtOnce) await new Promise<void>((resolve) => this.#queue.push(resolve))
    else this.#reading++
    try {
      return await act()
    } finally {
      const next = this.#queue.shift()
      if (next === undefined) this.#reading--
      else next()
    }
  }
}

/** A file that is sent. */
export class FileHandle {
  readonly #reopen: Reopen
  readonly #files: OpenFiles
  #fd: number | undefined
  #reads = 0
  #isOver = false

  constructor(fd: number, reopen: Reopen, files: OpenFiles) {
    this.#fd = fd
    this.#reopen = reopen
    this.#files = files
    files.used(this)
  }

  /** Its descriptor, valid in this turn only. @throws ServeError `E8008_INTERNAL` when the file was replaced. */
  get fd(): number {
    if (this.#isOver) throw new ServeError('E8008_INTERNAL', 'The file was closed before it was sent.')
    const fd = this.#fd ?? this.#reopen()
    if (fd === undefined) throw new ServeError('E8008_INTERNAL', 'The file was replaced while it was being sent.')
    this.#fd = fd
    this.#files.used(this)
    return fd
  }

  /** Reads up to `length` bytes into a buffer. Resolves with their count, 0 at the end of the file. */
  read(buffer: Uint8Array, length: number, position: number): Promise<number> {
    return this.#files.inTurn(async () => {
      const { fd } = this
      this.#reads++
      try {
        return await readAt(fd, buffer, length, position)
      } finally {
        this.#reads--
        if (this.#isOver) this.#close()
      }
    })
  }

  /** Closes the descriptor until the next read. Returns false while a read is under way. */
  park(): boolean {
    if (this.#reads > 0) return false
    this.#close()
    return true
  }

  /** Closes the file for good; further calls do nothing. */
  dispose(): void {
    this.#isOver = true
    if (this.#reads === 0) this.#close()
  }

  #close(): void {
    this.#files.closed(this)
    if (this.#fd === undefined) return
    const fd = this.#fd
    this.#fd = undefined
    try {
      closeSync(fd)
    } catch {
      // A close that fails has released the descriptor too.
    }
  }
}

function readAt(fd: number, buffer: Uint8Array, length: number, position: number): Promise<number> {
  return new Promise((resolve, reject) => {
    read(fd, buffer, 0, length, position, (error, count) => (error === null ? resolve(count) : reject(error)))
  })
}
