/** Request paths that are remembered. */
const loggedPaths = 10_000
/** Pages that are remembered for one path, and characters of each. */
const referersPerPath = 8
const refererLength = 2048

interface Entry {
  readonly files: readonly string[]
  /** As they were received. */
  readonly referers: Set<string>
}

/** What was asked for, and by whom. */
export interface RequestLog {
  /** Forgets the paths that lead to one of these files, which are watched again when it is asked for again. */
  forget(files: ReadonlySet<string>): void
  /** Notes a request before it is answered: from then on no change of its files is missed. */
  add(path: string, referer: string | undefined): void
  /** For files that no page says it uses: the paths that lead to one of them, each with the paths that asked for it. */
  referersOf(files: ReadonlySet<string>): Iterable<readonly [path: string, askers: readonly string[]]>
}

/**
 * Remembers which paths were asked for. Pages tell what they hold, but a browser does not tell them all: what a worker
 * imports is missing, for one. There `Referer` helps.
 *
 * @param filesOf the files that decide what a path answers; it has to watch them before it returns.
 */
export function createRequestLog(filesOf: (path: string) => readonly string[]): RequestLog {
  const known = new Map<string, Entry>()

  function entryOf(path: string): Entry {
    const before = known.get(path)
    if (before !== undefined) return before
    const entry = { files: filesOf(path), referers: new Set<string>() }
    const [oldest] = known.size < loggedPaths ? [] : known.keys()
    if (oldest !== undefined) known.delete(oldest)
    known.set(path, entry)
    return entry
  }

  return {
    forget(gone) {
      for (const [path, { files }] of known) if (files.some((file) => gone.has(file))) known.delete(path)
    },
    add(path, referer) {
      const { referers } = entryOf(path)
      if (referer === undefined || referer.length > refererLength || referers.size >= referersPerPath) return
      referers.add(referer)
    },
    *referersOf(files) {
      for (const [path, entry] of known) {
        if (entry.referers.size > 0 && entry.files.some((file) => files.has(file))) {
          yield [path, [...entry.referers].flatMap(pathOf)]
        }
      }
    },
  }
}

function pathOf(referer: string): string[] {
  return URL.canParse(referer) ? [new URL(referer).pathname] : []
}
