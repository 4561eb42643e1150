/** Most request paths that are kept. */
const loggedPaths = 10_000
/** Most `Referer` values that are kept for one path, and most characters of each. */
const referersPerPath = 8
const refererLength = 2048

interface Entry {
  readonly files: readonly string[]
  /** As received. */
  readonly referers: Set<string>
  /** When it was last requested, in milliseconds since 1970. */
  askedAt: number
}

/** Requested paths, and the pages that requested them. */
export interface RequestLog {
  /** Forgets the paths that depend on one of these files. The next request of such a path adds it again. */
  forget(files: ReadonlySet<string>): void
  /** Forgets every path. */
  clear(): void
  /** Adds a request before it is answered: no change of its files is missed from then on. */
  add(path: string, referer: string | undefined): void
  /** Whether the path was requested, and depends on the file. */
  has(path: string, file: string): boolean
  /** The paths that depend on one of these files, each with the paths of the pages that requested it, and when that was last. */
  referersOf(
    files: ReadonlySet<string>,
  ): Iterable<readonly [path: string, referers: readonly string[], askedAt: number]>
}

/**
 * Records which paths were requested. Pages report what they have loaded, but browsers do not list everything, such as
 * the imports of a worker. For those the `Referer` names the page.
 *
 * @param filesOf The files that decide what a path answers. It must watch them before it returns.
 */
export function createRequestLog(filesOf: (path: string) => readonly string[]): RequestLog {
  const known = new Map<string, Entry>()

  function entryOf(path: string): Entry {
    const before = known.get(path)
    if (before !== undefined) return before
    const entry = { files: filesOf(path), referers: new Set<string>(), askedAt: 0 }
    const [oldest] = known.size < loggedPaths ? [] : known.keys()
    if (oldest !== undefined) known.delete(oldest)
    known.set(path, entry)
    return entry
  }

  return {
    forget(gone) {
      for (const [path, { files }] of known) if (files.some((file) => gone.has(file))) known.delete(path)
    },
    clear: () => known.clear(),
    add(path, referer) {
      const entry = entryOf(path)
      const { referers } = entry
      entry.askedAt = Date.now()
      if (referer === undefined || referer.length > refererLength || referers.size >= referersPerPath) return
      referers.add(referer)
    },
    has: (path, file) => known.get(path)?.files.includes(file) === true,
    *referersOf(files) {
      for (const [path, entry] of known) {
        if (entry.referers.size > 0 && entry.files.some((file) => files.has(file))) {
          yield [path, [...entry.referers].flatMap(pathOf), entry.askedAt]
        }
      }
    },
  }
}

function pathOf(referer: string): string[] {
  return URL.canParse(referer) ? [new URL(referer).pathname] : []
}
