import type { WatchDependencies } from '../../static/watch-dependencies.ts'

/** The paths that a page has loaded, and the files that decide what each path answers. */
export class PageResources {
  readonly #most: number
  /** In the order of their reports. */
  readonly #paths = new Map<string, WatchDependencies>()
  /** For each file the paths under which the page uses it. */
  readonly #files = new Map<string, Set<string>>()

  /** @param most Number of paths that are kept: the newest. */
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

  /** Whether a file existed at the path when the page reported it. */
  existed(path: string): boolean {
    return this.#paths.get(path)?.isMissing === false
  }

  /** @param kept Path that is never dropped. */
  add(path: string, dependencies: WatchDependencies, kept: string): void {
    this.#remove(path)
    this.#paths.set(path, dependencies)
    for (const file of dependencies.files) {
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
