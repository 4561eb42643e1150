import type { ResolvedRoute } from '../config/route-types.ts'
import { isServeError } from '../core/serve-error.ts'
import type { ForwardedRequest } from '../proxy/dry-run.ts'
import { createTable, entryOf, type Table, type TableRequest } from './table.ts'

/** A route that does not answer a request, and why. */
export interface Rejection {
  /** Its id. */
  readonly route: string
  readonly why: string
}

/** Which route answers a request, and why the other routes do not. */
export interface RouteExplanation {
  /** The route's id, for the served folder its path; undefined if none answers. */
  readonly route: string | undefined
  readonly kind: ResolvedRoute['action']['kind'] | 'none' | 'refused'
  /** What the route does, or the error that the client gets. */
  readonly text: string
  /** The request to each upstream of a proxy route. */
  readonly forwards: readonly ForwardedRequest[]
  /** Empty for a request that is refused before routes are compared. */
  readonly lost: readonly Rejection[]
}

/** What a route would do with the request. @throws ServeError if it would refuse it. */
export type DescribeRoute = (route: ResolvedRoute) => Pick<RouteExplanation, 'text' | 'forwards'>

/**
 * Explains which route answers a request.
 *
 * @param root The route of the served folder, which takes what no other one does; undefined where no folder is served.
 */
export function explainRoute(
  request: TableRequest,
  routes: readonly ResolvedRoute[],
  root: ResolvedRoute | undefined,
  describe: DescribeRoute,
): RouteExplanation {
  const table = createTable([
    ...(root === undefined ? [] : [{ ...entryOf(root, root), id: `files at ${root.id}` }]),
    ...routes.map((route) => entryOf(route, route)),
  ])
  try {
    const found = table.find(request)
    const explained =
      found === undefined
        ? { route: undefined, kind: 'none' as const, text: '404: no route or folder matches', forwards: [] }
        : { route: found.id, kind: found.action.kind, ...describe(found) }
    return { ...explained, lost: rejections(table, request) }
  } catch (error) {
    if (!isServeError(error)) throw error
    return {
      route: undefined,
      kind: 'refused',
      text: `${error.status} ${error.code}: ${error.message}`,
      forwards: [],
      lost: [],
    }
  }
}

/** Why each entry of a table but one does not answer a request, in the order of the table. */
export function rejections({ rows, at }: Table<unknown>, request: TableRequest): Rejection[] {
  const found = new Set(at(request.path))
  const winner = [...found].find(({ match }) => match.mismatch(request) === undefined)
  return rows.flatMap((row) => {
    if (row === winner) return []
    const why = found.has(row) ? row.match.mismatch(request) : 'path does not match'
    return [{ route: row.id, why: why ?? `${winner?.id ?? ''} is more specific` }]
  })
}
