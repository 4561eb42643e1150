import { routeName } from '../../config/resolve/routes.ts'
import type { ResolvedRoute } from '../../config/route-types.ts'
import { actionText } from '../output/display.ts'

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

/** Settings of a proxy that have another name among the options. */
const optionNames: Readonly<Record<string, string>> = { requestFields: 'headers', replyFields: 'replyHeaders' }

/** How two lists of routes differ. A route is the same one by its name, or, where it has none of its own, by its match. */
export function routeChanges(before: readonly ResolvedRoute[], after: readonly ResolvedRoute[]): RouteChange[] {
  const old = byIdentity(before)
  const now = byIdentity(after)
  const kept = [...now].flatMap(([identity, route]) => {
    const was = old.get(identity)
    if (was === undefined) return [changeOf('added', route, undefined)]
    return JSON.stringify(was) === JSON.stringify({ ...route, name: was.name }) ? [] : [changeOf('changed', route, was)]
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
): RouteChange {
  const known = (route ?? before) as ResolvedRoute
  return {
    route: isNumbered(known) ? routeName(known.match) : known.name,
    change,
    to: route === undefined ? undefined : actionText(route),
    was: before === undefined ? undefined : actionText(before),
    settings: route === undefined || before === undefined ? [] : changedSettings(before, route),
  }
}

function changedSettings(before: ResolvedRoute, after: ResolvedRoute): string[] {
  const match = JSON.stringify(before.match) === JSON.stringify(after.match) ? [] : ['match']
  const [old, now] = [partsOf(before), partsOf(after)]
  const keys = [...new Set([...Object.keys(old), ...Object.keys(now)])].filter((key) => key !== 'upstreams')
  const changed = keys.filter((key) => JSON.stringify(old[key]) !== JSON.stringify(now[key]))
  return [...match, ...changed.map((key) => optionNames[key] ?? key)]
}

/** What an action is made of beside what {@link actionText} shows. */
function partsOf({ action }: ResolvedRoute): Readonly<Record<string, unknown>> {
  if (action.kind === 'proxy') return { ...action.proxy }
  return action.kind === 'reply' ? { headers: action.headers, body: action.body } : {}
}

/** A change in a sentence: `/api now goes to localhost:39399 (was 39303)`. */
export function changeText({ route, change, to = '', was = '', settings }: RouteChange): string {
  if (change === 'removed') return `${route} is gone (${went(was)})`
  if (change === 'added') return `${route} is new and ${goes(to)}`
  if (to !== was) return `${route} now ${goes(to)} (was ${shortened(was, to)})`
  return `${route} has changed: ${settings.join(', ')}`
}

function goes(to: string): string {
  if (to.startsWith('reply ')) return `answers ${to.slice('reply '.length)}`
  return /^\d{3} to /.test(to) ? `redirects to ${to.slice('307 to '.length)}` : `goes to ${to}`
}

function went(was: string): string {
  return goes(was)
    .replace(/^answers/, 'answered')
    .replace(/^redirects/, 'redirected')
    .replace(/^goes/, 'went')
}

/** Of two ports of the same host the other port says enough. */
function shortened(was: string, to: string): string {
  const [, host = '', port = ''] = /^([^,/]*:)(\d+)$/.exec(was) ?? []
  const isSameHost = port !== '' && to.startsWith(host) && /^\d+$/.test(to.slice(host.length))
  return isSameHost ? port : was.replace(/^reply /, '')
}
