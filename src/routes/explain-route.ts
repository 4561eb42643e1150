import type { ResolvedRoute } from '../config/route-types.ts'
import { isServeError } from '../core/serve-error.ts'
import type { ForwardedRequest } from '../proxy/dry-run.ts'
import { isForwarded } from './kinds.ts'
import { createTable, type Rejection, type TableRequest } from './table.ts'

/** Which route answers a request, and why the other routes do not. */
export interface RouteExplanation {
  /** The route's id or the folder's path; undefined if neither answers. */
  readonly route: string | undefined
  readonly kind: ResolvedRoute['action']['kind'] | 'folder' | 'none' | 'refused'
  /** What the route does, or the error that the client gets. */
  readonly text: string
  /** The request to each upstream of a proxy route. */
  readonly forwards: readonly ForwardedRequest[]
  /** Empty for a request that is refused before routes are compared. */
  readonly lost: readonly Rejection[]
}

type RouteMatch = { readonly route: ResolvedRoute } | { readonly folder: string; readonly path: string }

/** What a route would do with the request. @throws ServeError if it would refuse it. */
export type DescribeRoute = (route: ResolvedRoute) => Pick<RouteExplanation, 'text' | 'forwards'>

/** Explains which route or folder answers a request. */
export function explainRoute(
  request: TableRequest,
  routes: readonly ResolvedRoute[],
  folders: readonly { readonly path: string; readonly folder: string }[],
  describe: DescribeRoute,
): RouteExplanation {
  const table = createTable<RouteMatch>([
    ...folders.map(({ path, folder }) => ({ id: `files at ${path}`, folder: path, item: { folder, path } })),
    ...routes.map((route) => ({
      id: route.id,
      match: route.match,
      item: { route },
      isForwarded: isForwarded(route),
    })),
  ])
  try {
    return { ...explainFound(table.find(request), describe), lost: table.rejections(request) }
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

function explainFound(found: RouteMatch | undefined, describe: DescribeRoute): Omit<RouteExplanation, 'lost'> {
  if (found === undefined)
    return { route: undefined, kind: 'none', text: '404: no route or folder matches', forwards: [] }
  if ('folder' in found) return { route: found.path, kind: 'folder', text: `files of ${found.folder}`, forwards: [] }
  const { id, action } = found.route
  return { route: id, kind: action.kind, ...describe(found.route) }
}
