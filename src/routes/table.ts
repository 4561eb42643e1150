import type { ResolvedMatch } from '../config/route-types.ts'
import { ServeError } from '../core/serve-error.ts'
import { normalizePath } from '../http/message/request-target.ts'
import { compileMatch, type CompiledMatch, type RoutedRequest } from './match/compile.ts'
import { leavesPrefix, matchingPath, type MatchingPath } from './match/matching-path.ts'
import { areTied, compareSpecificity, pathParts } from './match/order.ts'

/** What a table is made of: a route by its match, or a folder by its prefix (with a slash at both ends). */
export type TableEntry<Item> =
  | { readonly name: string; readonly item: Item; readonly match: ResolvedMatch; readonly isForwarded: boolean }
  | { readonly name: string; readonly item: Item; readonly folder: string }

/** A request as a table sees it. */
export interface TableRequest extends RoutedRequest {
  /** As received. */
  readonly path: string
}

/** A route that was passed by, and why. */
export interface Rejection {
  readonly name: string
  readonly why: string
}

/** Routes in their order. */
export interface Table<Item> {
  /**
   * The most specific entry that matches, or undefined.
   *
   * @throws ServeError `E8008_PATH_INVALID` where the path would lead into or out of what is forwarded, depending on who reads it.
   */
  find(request: TableRequest): Item | undefined
  /** Why each entry that does not answer a request was passed by, in their order. */
  rejections(request: TableRequest): Rejection[]
}

interface Row<Item> {
  readonly name: string
  readonly item: Item
  readonly match: CompiledMatch
  readonly isForwarded: boolean
  readonly isAt: (path: MatchingPath, comparable: string, form: 'plain' | 'folded') => boolean
}

/**
 * Puts entries in the order of `match/order.ts`.
 *
 * @throws ServeError `E8008_CONFIG_INVALID` for two that are equally specific.
 */
export function createTable<Item>(entries: readonly TableEntry<Item>[]): Table<Item> {
  const rows = entries.map(compileEntry).toSorted((a, b) => compareSpecificity(a.match, b.match))
  refuseTies(rows)

  function findForm(
    request: TableRequest,
    path: MatchingPath,
    comparable: string,
    form: 'plain' | 'folded',
  ): Row<Item> | undefined {
    return rows.find(({ match, isAt }) => isAt(path, comparable, form) && match.objection(request) === undefined)
  }

  function findRow(request: TableRequest): Row<Item> | undefined {
    const path = matchingPath(request.path)
    const comparable = normalizePath(request.path)
    const row = findForm(request, path, comparable, 'folded')
    if (path.plain === path.folded) return row
    const plain = findForm(request, path, comparable, 'plain')
    if (row?.isForwarded !== true && plain?.isForwarded !== true) return row
    if (row !== plain)
      throw doubtfulPath('The path of the request leads to different places, depending on who reads it.')
    if (path.hasNul) throw doubtfulPath('The path of the request holds a NUL.')
    if (leavesPrefix(path, row?.match.fixed ?? 0))
      throw doubtfulPath('The path of the request leaves its route on the way.')
    return row
  }

  return {
    find: (request) => findRow(request)?.item,
    rejections(request) {
      const path = matchingPath(request.path)
      const comparable = normalizePath(request.path)
      const winner = rows.find(
        ({ match, isAt }) => isAt(path, comparable, 'folded') && match.objection(request) === undefined,
      )
      return rows.flatMap(({ name, match, isAt }, i) => {
        if (rows[i] === winner) return []
        if (!isAt(path, comparable, 'folded')) return [{ name, why: 'path does not match' }]
        return [{ name, why: match.objection(request) ?? `${winner?.name ?? ''} is more specific` }]
      })
    },
  }
}

function compileEntry<Item>(entry: TableEntry<Item>): Row<Item> {
  const { name, item } = entry
  if ('match' in entry) {
    const match = compileMatch(entry.match)
    return { name, item, match, isForwarded: entry.isForwarded, isAt: (path, _, form) => match.matchesPath(path[form]) }
  }
  // Folders keep their own reading of a path, which is that of the files below them.
  const prefix = normalizePath(entry.folder)
  const path = entry.folder === '/' ? '/' : entry.folder.slice(0, -1)
  const any = { kind: 'prefix', path, host: undefined, methods: [], headers: [], cookies: [], query: [] } as const
  return {
    name,
    item,
    match: { ...compileMatch(any), parts: pathParts(any), isFolder: true },
    isForwarded: false,
    isAt: (_, comparable) => comparable.startsWith(prefix) || `${comparable}/` === prefix,
  }
}

function refuseTies<Item>(rows: readonly Row<Item>[]): void {
  const problems = rows.flatMap((row, i) => {
    const other = rows.slice(i + 1).find(({ match }) => areTied(row.match, match))
    if (other === undefined) return []
    const names = `${JSON.stringify(row.name)} and ${JSON.stringify(other.name)}`
    return [`The routes ${names} match the same requests, and neither is more specific.`]
  })
  if (problems.length === 0) return
  const hint = 'remove one of them, or say more in its match'
  throw new ServeError('E8008_CONFIG_INVALID', problems.join(' '), { problems, hint })
}

function doubtfulPath(message: string): ServeError {
  return new ServeError('E8008_PATH_INVALID', message, {
    hint: 'no dot segments, encoded slashes, backslashes or parameters that lead across a route',
  })
}
