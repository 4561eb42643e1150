import { isAbsolute, relative, sep } from 'node:path'
import type { ResolvedRoute } from '../../config/route-types.ts'
import { redactUrl } from '../../core/util/secret.ts'

/** What a route does, in few words that hold no secrets: its targets, where it redirects to, or its status. */
export function actionText({ action }: Pick<ResolvedRoute, 'action'>): string {
  if (action.kind === 'redirect') return `${action.status} to ${redactUrl(action.to)}`
  if (action.kind === 'reply') return `reply ${action.status}`
  return action.proxy.upstreams
    .map(({ label, prefix, socketPath }) => {
      if (prefix === undefined) return label
      // As a target is written: unix:/run/app.sock:/v1
      return `${label}${socketPath === undefined ? '' : ':'}${prefix || '/'}`
    })
    .join(', ')
}

/** A path as a person in `cwd` would write it: `.`, `./site`, or the whole path where it lies elsewhere. */
export function displayPath(path: string, cwd: string): string {
  const way = relative(cwd, path)
  if (way === '') return '.'
  if (way === '..' || way.startsWith(`..${sep}`) || isAbsolute(way)) return path
  return `.${sep}${way}`
}
