import type { ResolvedRoute } from '../../config/route-types.ts'

/** What a route does, in few words that hold no secrets: its targets, where it redirects to, or its status. */
export function actionText({ action }: Pick<ResolvedRoute, 'action'>): string {
  if (action.kind === 'redirect') return `${action.status} to ${action.to}`
  if (action.kind === 'reply') return `reply ${action.status}`
  return action.proxy.upstreams
    .map(({ label, prefix, socketPath }) => {
      if (prefix === undefined) return label
      // As a target is written: unix:/run/app.sock:/v1
      return `${label}${socketPath === undefined ? '' : ':'}${prefix}/`
    })
    .join(', ')
}
