import { isDeepStrictEqual } from 'node:util'
import type { RouteKind } from '../../config/kinds/kind.ts'
import { actionText, kindOf, type ResolvedAction } from '../../config/kinds/registry.ts'
import { routeName } from '../../config/resolve/routes.ts'
import type { ResolvedRoute } from '../../config/route-types.ts'

/** What an edit did to one route. Holds no secrets. */
export interface RouteChange {
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

/** How two lists of routes differ. A route is the same one by its name, or, where it has none of its own, by its match. */
export function routeChanges(before: readonly ResolvedRoute[], after: readonly ResolvedRoute[]): ToldChange[] {
  const old = byIdentity(before)
  const now = byIdentity(after)
  const kept = [...now].flatMap(([identity, route]) => {
    const was = old.get(identity)
    if (was === undefined) return [changeOf('added', route, undefined)]
    return isDeepStrictEqual(was, { ...route, name: was.name }) ? [] : [changeOf('changed', route, was)]
  })
  const gone = [...old]
    .filter(([identity]) => !now.has(identity))
    .map(([, route]) => changeOf('removed', undefined, route))
  return [...kept, ...gone]
}

function byIdentity(routes: readonly ResolvedRoute[]): ReadonlyMap<string, ResolvedRoute> {
  return new Map(routes.map((route) => [isNumbered(route) ? JSON.stringify(route.match) : route.name, route]))
}

/** `routes[2]`: it has another number as soon as one is put in front of it. */
function isNumbered({ name }: ResolvedRoute): boolean {
  return /^routes\[\d+\]$/.test(name)
}

function changeOf(
  change: RouteChange['change'],
  route: ResolvedRoute | undefined,
  before: ResolvedRoute | undefined,
): ToldChange {
  const known = (route ?? before) as ResolvedRoute
  const facts: RouteChange = {
    route: isNumbered(known) ? routeName(known.match) : known.name,
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

/** What a route is made of beside its name and what {@link actionText} shows. */
function settingsOf({ match, action }: ResolvedRoute): Readonly<Record<string, unknown>> {
  return { match, ...kindOf(action).settings?.(action) }
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
