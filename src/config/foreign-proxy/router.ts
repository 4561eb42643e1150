import { isPlainObject } from '../plain-object.ts'
import type { Differ } from './proxy-options.ts'

/** Where requests go that meet further conditions; without conditions all others. */
export interface RouterTarget {
  readonly host: string | undefined
  readonly path: string | undefined
  readonly target: unknown
}

/**
 * The targets of an entry. The table `router` of http-proxy-middleware holds hosts with their port, paths, or both.
 * A function that chooses the target is reported; `target` remains where there is one.
 */
export function readRouter({ router, target }: Readonly<Record<string, unknown>>, differ: Differ): RouterTarget[] {
  const others: RouterTarget[] = []
  if (isPlainObject(router)) {
    for (const [key, chosen] of Object.entries(router)) {
      const at = key.indexOf('/')
      const [authority, path] =
        at === -1 ? [key, undefined] : [key.slice(0, at), key.slice(at).replace(/(.)\/+$/, '$1')]
      const host = authority.replace(/:\d+$/, '')
      if (host !== authority)
        differ('router', `a match names hosts without a port: ${host} at every port`, 'leave the port out')
      others.push({ host: host === '' ? undefined : host, path, target: chosen })
    }
  } else if (router !== undefined && router !== null) {
    const rest = target === undefined ? '; its route is left out' : '; all requests go to target'
    differ(
      'router',
      `a function chooses the target${rest}`,
      'routes with more in match: { host, header, cookie, query }',
    )
  }
  return target === undefined && router !== undefined
    ? others
    : [...others, { host: undefined, path: undefined, target }]
}
