import type { ResolvedAccess } from '../access-rules.ts'
import type { ShowPath } from './kind.ts'
import { kindOf, type ResolvedAction } from './registry.ts'

/** A route that is described. */
interface DescribedRoute {
  readonly action: ResolvedAction
  readonly access?: ResolvedAccess
}

/** What a route does, with what is not as usual and who may use it: `localhost:8443 (changeOrigin, password)`. */
export function describeRoute(route: DescribedRoute, text: string = actionText(route.action)): string {
  const notes = routeNotes(route)
  return notes.length === 0 ? text : `${text} (${notes.join(', ')})`
}

/** What is not as usual about a route, and who may use it. Holds no secrets. */
export function routeNotes({ action, access }: DescribedRoute): readonly string[] {
  return [...(kindOf(action).notes?.(action) ?? []), ...(access === undefined ? [] : accessNotes(access))]
}

/** Entries of a list that are shown. */
const shownEntries = 3

function accessNotes({ auth, authFile, allow, origin, passAuthorization }: ResolvedAccess): string[] {
  const listed = (name: string, entries: readonly string[]): string => {
    const more = entries.length > shownEntries ? [`and ${entries.length - shownEntries} more`] : []
    return [name, ...(entries.length === 0 ? ['none'] : entries.slice(0, shownEntries)), ...more].join(' ')
  }
  return [
    ...(authFile === undefined ? [] : ['password file']),
    ...(auth === undefined ? [] : [auth === false ? 'no password' : 'password']),
    ...(allow === undefined ? [] : [listed('allow', allow)]),
    ...(origin === undefined ? [] : [listed('origin', origin)]),
    ...(passAuthorization === true ? ['passAuthorization'] : []),
  ]
}

/** What a route does, in few words that hold no secrets: its targets, where it redirects to, or its status. */
export function actionText(action: ResolvedAction, show: ShowPath = asItIs): string {
  return kindOf(action).describe(action, show)
}

/** The same for `serve8008 explain`. */
export function explainAction(action: ResolvedAction, show: ShowPath = asItIs): string {
  const { describe, explain = describe } = kindOf(action)
  return explain(action, show)
}

const asItIs: ShowPath = (path) => path
