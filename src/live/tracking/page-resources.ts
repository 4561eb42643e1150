import type { WatchDependencies } from '../types.ts'

/** What a page holds: the paths that it has loaded, and the files behind them. */
export class PageResources {
  readonly #most: number
  /** The oldest first. */
  readonly #paths = new Map<string, WatchDependencies>()
  /** The paths under which the page uses each file. */
  readonly #files = new Map<string, Set<string>>()

  /** @param most paths that are kept: the newest. */
  constructor(most: number) {
    this.#most = most
  }

  get files(): Iterable<string> {
    return this.#files.keys()
  }

  pathsOf(file: string): Iterable<string> {
    return this.#files.get(file) ?? []
  }

  uses(file: string): boolean {
    return this.#files.has(file)
  }

  has(path: string): boolean {
    return this.#paths.has(path)
  }

  /** Whether a path had something of its own when the page named it. */
  existed(path: string): boolean {
    return this.#paths.get(path)?.isMissing === false
  }

  /** @param kept a path that is never let go of. */
  add(path: string, sources: WatchDependencies, kept: string): void {
    this.#remove(path)
    this.#paths.set(path, sources)
    for (const file of sources.files) {
      const known = this.#files.get(file)
      if (known === undefined) this.#files.set(file, new Set([path]))
      else known.add(path)
    }
    if (this.#paths.size <= this.#most) return
    for (const oldest of this.#paths.keys()) {
      if (oldest === kept) continue
      this.#remove(oldest)
      return
    }
  }

  #remove(path: string): void {
    for (const file of this.#paths.get(path)?.files ?? []) {
      const paths = this.#files.get(file)
      paths?.delete(path)
      if (paths?.size === 0) this.#files.delete(file)
    }
    this.#paths.delete(path)
  }
}
