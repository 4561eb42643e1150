import type { ResolvedMatch } from '../config/route-types.ts'
import { ServeError } from '../core/serve-error.ts'
import { normalizePath } from '../http/message/request-target.ts'
import { compileMatch, type CompiledMatch, type RoutedRequest } from './match/compile.ts'
import { leavesPrefix, matchingPath, type MatchingPath } from './match/matching-path.ts'
import { areTied, compareSpecificity, pathParts } from './match/order.ts'

/** An entry of a table: a route with its match, or a folder with its prefix (with a slash at both ends). */
export type TableEntry<Item> =
  | { readonly id: string; readonly item: Item; readonly match: ResolvedMatch; readonly isForwarded: boolean }
  | { readonly id: string; readonly item: Item; readonly folder: string }

/** The parts of a request that select its route. */
export interface TableRequest extends RoutedRequest {
  /** Path as received. */
  readonly path: string
}

/** A route that does not answer a request, and why. */
export interface Rejection {
  /** Its id. */
  readonly route: string
  readonly why: string
}

/** Routes and folders, ordered by specificity. */
export interface Table<Item> {
  /**
   * The most specific entry that matches, or undefined.
   *
   * @throws ServeError `E8008_PATH_INVALID` for a path that selects a proxy route in one reading and another in the other.
   */
  find(request: TableRequest): Item | undefined
  /** Why each of the other entries does not answer a request, in the order of the table. */
  rejections(request: TableRequest): Rejection[]
}

interface Row<Item> {
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
    rejections(request) {
      const path = matchingPath(request.path)
      const comparable = normalizePath(request.path)
      const winner = rows.find(
        ({ match, matchesPath }) => matchesPath(path, comparable, 'folded') && match.mismatch(request) === undefined,
      )
      return rows.flatMap(({ id, match, matchesPath }, i) => {
        if (rows[i] === winner) return []
        if (!matchesPath(path, comparable, 'folded')) return [{ route: id, why: 'path does not match' }]
        return [{ route: id, why: match.mismatch(request) ?? `${winner?.id ?? ''} is more specific` }]
      })
    },
  }
}

function compileEntry<Item>(entry: TableEntry<Item>): Row<Item> {
  const { id, item } = entry
  if ('match' in entry) {
    const match = compileMatch(entry.match)
    return {
      id,
      item,
      match,
      isForwarded: entry.isForwarded,
      matchesPath: (path, _, form) => match.matchesPath(path[form]),
    }
  }
  // Folders compare paths as static files do.
  const prefix = normalizePath(entry.folder)
  const path = entry.folder === '/' ? '/' : entry.folder.slice(0, -1)
  const any = { kind: 'prefix', path, host: undefined, methods: [], headers: [], cookies: [], query: [] } as const
  return {
    id,
    item,
    match: { ...compileMatch(any), parts: pathParts(any), isFolder: true },
    isForwarded: false,
    matchesPath: (_, comparable) => comparable.startsWith(prefix) || `${comparable}/` === prefix,
  }
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
