import { isDeepStrictEqual } from 'node:util'
import type { RouteKind } from '../../config/kinds/kind.ts'
import { actionText } from '../../config/kinds/describe.ts'
import { kindOf, type ResolvedAction } from '../../config/kinds/registry.ts'
import type { ResolvedRoute } from '../../config/route-types.ts'

/** What an edit did to one route. Holds no secrets. */
export interface RouteChange {
  /** Its id. */
  readonly route: string
  readonly change: 'added' | 'changed' | 'removed'
  /** What it does now, such as `localhost:3000` or `307 to /new`; undefined for one that is gone. */
  readonly to: string | undefined
  /** What it did before; undefined for a new one. */
  readonly was: string | undefined
  /** Other settings that are different, by the names of their options. */
  readonly settings: readonly string[]
}

/** A change, and a sentence about it: `/api now goes to localhost:39399 (was 39303)`. */
export interface ToldChange {
  readonly facts: RouteChange
  readonly text: string
}

/** How two lists of routes differ. */
export function routeChanges(before: readonly ResolvedRoute[], after: readonly ResolvedRoute[]): ToldChange[] {
  const old = new Map(before.map((route) => [route.id, route]))
  const ids = new Set(after.map(({ id }) => id))
  const kept = after.flatMap((route) => {
    const was = old.get(route.id)
    if (was === undefined) return [changeOf('added', route, undefined)]
    return isDeepStrictEqual(was, route) ? [] : [changeOf('changed', route, was)]
  })
  const gone = before.filter(({ id }) => !ids.has(id)).map((route) => changeOf('removed', undefined, route))
  return [...kept, ...gone]
}

function changeOf(
  change: RouteChange['change'],
  route: ResolvedRoute | undefined,
  before: ResolvedRoute | undefined,
): ToldChange {
  const known = (route ?? before) as ResolvedRoute
  const facts: RouteChange = {
    route: known.id,
    change,
    to: route === undefined ? undefined : actionText(route.action),
    was: before === undefined ? undefined : actionText(before.action),
    settings: route === undefined || before === undefined ? [] : changedSettings(before, route),
  }
  return { facts, text: changeText(facts, kindOf(known.action).phrase(known.action)) }
}

function changedSettings(before: ResolvedRoute, after: ResolvedRoute): string[] {
  const [old, now] = [settingsOf(before), settingsOf(after)]
  const keys = [...new Set([...Object.keys(old), ...Object.keys(now)])]
  return keys.filter((key) => !isDeepStrictEqual(old[key], now[key]))
}

/** What a route is made of beside its id and what {@link actionText} shows. */
function settingsOf({ match, action, access }: ResolvedRoute): Readonly<Record<string, unknown>> {
  return { match, ...access, ...kindOf(action).settings?.(action) }
}

function changeText(
  { route, change, to = '', was = '', settings }: RouteChange,
  [now, before, rest]: ReturnType<RouteKind<object, ResolvedAction>['phrase']>,
): string {
  if (change === 'removed') return `${route} is gone (${before} ${rest})`
  if (change === 'added') return `${route} is new and ${now} ${rest}`
  if (to !== was) return `${route} now ${now} ${rest} (was ${shortened(was, to)})`
  return `${route} has changed: ${settings.join(', ')}`
}

/** Of two ports of the same host the other port says enough. */
function shortened(was: string, to: string): string {
  const [, host = '', port = ''] = /^([^,/]*:)(\d+)$/.exec(was) ?? []
  const isSameHost = port !== '' && to.startsWith(host) && /^\d+$/.test(to.slice(host.length))
  return isSameHost ? port : was.replace(/^reply /, '')
}
