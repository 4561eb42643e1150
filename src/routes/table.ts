import { kindOf } from '../config/kinds/registry.ts'
import type { ResolvedMatch, ResolvedRoute } from '../config/route-types.ts'
import { ServeError } from '../core/serve-error.ts'
import { normalizePath } from '../http/message/request-target.ts'
import { compileMatch, type CompiledMatch, type RoutedRequest } from './match/compile.ts'
import { leavesPrefix, matchingPath, type MatchingPath } from '../http/message/matching-path.ts'
import { areTied, compareSpecificity } from './match/order.ts'

/** An entry of a table. */
export interface TableEntry<Item> {
  readonly id: string
  readonly item: Item
  readonly match: ResolvedMatch
  /** Whether another program reads the path, perhaps in another way. */
  readonly isForwarded: boolean
  /** Whether it serves files below the prefix of its match. */
  readonly isFolder: boolean
}

/** A route as an entry of a table. */
export function entryOf<Item>({ id, match, action }: ResolvedRoute, item: Item): TableEntry<Item> {
  const { isForwarded = false, isFolder = false } = kindOf(action)
  return { id, match, item, isForwarded, isFolder }
}

/** The parts of a request that select its route. */
export interface TableRequest extends RoutedRequest {
  /** Path as received. */
  readonly path: string
}

/** Routes, ordered by specificity. */
export interface Table<Item> {
  /**
   * The most specific entry that matches, or undefined.
   *
   * @throws ServeError `E8008_PATH_INVALID` for a path that selects a proxy route in one reading and another in the other.
   */
  find(request: TableRequest): Item | undefined
  /** In their order. */
  readonly rows: readonly Row<Item>[]
  /** The rows that match a path. */
  at(path: string): Row<Item>[]
}

/** A compiled entry. */
export interface Row<Item> {
  readonly id: string
  readonly item: Item
  readonly match: CompiledMatch
  readonly isForwarded: boolean
  readonly matchesPath: (path: MatchingPath, comparable: string, form: 'plain' | 'folded') => boolean
}

/**
 * Creates a table, in the order of `match/order.ts`.
 *
 * @throws ServeError `E8008_CONFIG_INVALID` for two entries that are equally specific.
 */
export function createTable<Item>(entries: readonly TableEntry<Item>[]): Table<Item> {
  const rows = entries.map(compileEntry).toSorted((a, b) => compareSpecificity(a.match, b.match))
  rejectTies(rows)

  function findForm(
    request: TableRequest,
    path: MatchingPath,
    comparable: string,
    form: 'plain' | 'folded',
  ): Row<Item> | undefined {
    return rows.find(
      ({ match, matchesPath }) => matchesPath(path, comparable, form) && match.mismatch(request) === undefined,
    )
  }

  function findRow(request: TableRequest): Row<Item> | undefined {
    const path = matchingPath(request.path)
    const comparable = normalizePath(request.path)
    const row = findForm(request, path, comparable, 'folded')
    if (path.plain === path.folded) return row
    const plain = findForm(request, path, comparable, 'plain')
    if (row?.isForwarded !== true && plain?.isForwarded !== true) return row
    if (row !== plain)
      throw ambiguousPath('The path of the request is ambiguous: servers may read it as two different paths.')
    if (path.hasNul) throw ambiguousPath('The path of the request contains a NUL.')
    if (leavesPrefix(path, row?.match.fixed ?? 0)) throw ambiguousPath('The path of the request leaves its route.')
    return row
  }

  return {
    find: (request) => findRow(request)?.item,
    rows,
    at(requested) {
      const path = matchingPath(requested)
      const comparable = normalizePath(requested)
      return rows.filter(({ matchesPath }) => matchesPath(path, comparable, 'folded'))
    },
  }
}

function compileEntry<Item>({ match: given, isFolder, ...entry }: TableEntry<Item>): Row<Item> {
  const match = { ...compileMatch(given), isFolder }
  if (!isFolder) return { ...entry, match, matchesPath: (path, _, form) => match.matchesPath(path[form]) }
  // Folders compare paths as static files do: the reading of a proxy may find a file elsewhere.
  const prefix = normalizePath(prefixOf(given))
  return { ...entry, match, matchesPath: (_, path) => path.startsWith(prefix) || `${path}/` === prefix }
}

/** The path prefix of a match, with a slash at both ends. */
export function prefixOf({ path }: Pick<ResolvedMatch, 'path'>): string {
  return path === '/' ? path : `${path}/`
}

function rejectTies<Item>(rows: readonly Row<Item>[]): void {
  // Only rows with one host and one path can be tied: thousands of paths are not compared pairwise.
  const alike = new Map<string, Row<Item>[]>()
  const problems = rows.flatMap((row) => {
    const { host = '', parts } = row.match
    const place = [host, ...parts.map((part) => (part.kind === 'literal' ? part.text : part.kind))].join('/')
    const others = alike.get(place) ?? []
    const other = others.findLast(({ match }) => areTied(row.match, match))
    alike.set(place, others)
    others.push(row)
    if (other === undefined) return []
    const names = `${JSON.stringify(other.id)} and ${JSON.stringify(row.id)}`
    return [`The routes ${names} match the same requests, and neither is more specific.`]
  })
  if (problems.length === 0) return
  const hint = 'remove one of them, or add a condition to its match'
  throw new ServeError('E8008_CONFIG_INVALID', problems.join(' '), { problems, hint })
}

function ambiguousPath(message: string): ServeError {
  return new ServeError('E8008_PATH_INVALID', message, {
    hint: 'remove dot segments, encoded slashes, backslashes and parameters from the path',
  })
}
