import { close, read } from 'node:fs'
import { ServeError } from '../../core/serve-error.ts'

/** Reads that are handed to the system at once: its threads for files are few, and a file being read stays open. */
const readsAtOnce = 16

/** Opens a file again; undefined when it is not in the same state any more. */
export type Reopen = () => number | undefined

/**
 * The files that a server sends. Past the limit, the one that was read longest ago is closed until its client takes more,
 * so that clients who never read cost no descriptors.
 */
export class OpenFiles {
  readonly #most: number
  /** The one that was read longest ago first. */
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

  /** Takes a descriptor over. */
  take(fd: number, reopen: Reopen): FileHandle {
    return new FileHandle(fd, reopen, this)
  }

  /** Notes that a file was opened or is read. */
  used(file: FileHandle): void {
    this.#open.delete(file)
    this.#open.add(file)
    if (this.#open.size <= this.#most) return
    for (const other of this.#open) if (other !== file && other.park()) return
  }

  closed(file: FileHandle): void {
    this.#open.delete(file)
  }

  /** Does a read when it is its turn. */
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

/** A file that is sent, read by position. */
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

  /** Its descriptor, for use in this turn only. @throws ServeError `E8008_INTERNAL` when the file was replaced. */
  get fd(): number {
    if (this.#isOver) throw new ServeError('E8008_INTERNAL', 'The file was closed before it was sent.')
    const fd = this.#fd ?? this.#reopen()
    if (fd === undefined) throw new ServeError('E8008_INTERNAL', 'The file was replaced while it was being sent.')
    this.#fd = fd
    this.#files.used(this)
    return fd
  }

  /** Reads up to `length` bytes into a buffer. Resolves with their count, 0 behind the end. */
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

  /** Closes the descriptor until the next read, unless one is under way. */
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
    // A close that fails has still released the descriptor: there is nothing to add to it.
    if (this.#fd !== undefined) close(this.#fd, () => {})
    this.#fd = undefined
  }
}

function readAt(fd: number, buffer: Uint8Array, length: number, position: number): Promise<number> {
  return new Promise((resolve, reject) => {
    read(fd, buffer, 0, length, position, (error, count) => (error === null ? resolve(count) : reject(error)))
  })
}
