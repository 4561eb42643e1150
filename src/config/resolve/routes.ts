import { kindKeys, kinds, type ResolvedAction } from '../kinds/registry.ts'
import type { KindContext } from '../kinds/kind.ts'
import { quote, type Problem } from '../diagnostic.ts'
import { prefixMatch } from '../match.ts'
import { matchOfKey, resolveMatch } from './match.ts'
import { idProblem, routeId } from '../route-id.ts'
import type { ResolvedMatch, ResolvedRoute, RouteOptions } from '../route-types.ts'
import type { CheckedOptions } from '../types.ts'
import { resolveAccess } from '../values/access.ts'
import { resolveMounts } from '../values/paths.ts'
import { resolveProxy } from './proxy.ts'
import type { Checked } from '../plain-object.ts'

/** A route, and its id where the user gave one. */
type Unnamed = Omit<ResolvedRoute, 'id'> & { readonly id: string | undefined; readonly path: readonly string[] }

/** Every route of the configuration: those of `proxy`, then those of `routes`, then those of `mounts`. */
export function resolveRoutes(
  { proxy, routes, mounts }: Required<Pick<CheckedOptions, 'proxy' | 'routes' | 'mounts'>>,
  given: Omit<KindContext, 'resolveProxy'>,
): readonly ResolvedRoute[] {
  const context = { ...given, resolveProxy }
  const { base, cwd, listeners, problems } = context
  const short = Object.entries(proxy).map(([key, value]): Unnamed => {
    const path = ['proxy', key]
    const slip = slipIn(key, value)
    if (slip !== undefined)
      problems.push({
        path,
        message: `${key.includes('@') ? 'the match' : quote(key)} is neither a path nor a host`,
        hint: slip,
      })
    return {
      id: undefined,
      path,
      match: resolveMatch(slip === undefined ? matchOfKey(key) : {}, { base, path, listeners, problems }),
      action: { kind: 'proxy', proxy: resolveProxy(value, path, context) },
    }
  })
  // Validation leaves undefined where a route was invalid.
  const long = (routes as readonly (Checked<RouteOptions> | undefined)[]).flatMap((route, i) =>
    route === undefined ? [] : resolveRoute(route, ['routes', String(i)], context),
  )
  const mounted = resolveMounts(mounts, cwd, problems).map(({ path, prefix, root }): Unnamed => ({
    id: undefined,
    path,
    match: prefixMatch(base + prefix.slice(1)),
    action: { kind: 'folder', root },
  }))
  return withIds([...short, ...long, ...mounted], problems)
}

/** Routes with their ids. Those of the user number no other, and must be unique. */
function withIds(routes: readonly Unnamed[], problems: Problem[]): readonly ResolvedRoute[] {
  const made = new Set<string>()
  const ids = routes.map(({ id, match }) => {
    if (id !== undefined) return id
    const own = routeId(match, made)
    made.add(own)
    return own
  })
  const given = new Set<string>()
  return routes.map(({ id: own, path, match, action, access }, i) => {
    const id = ids[i] as string
    if (given.has(id)) {
      const hint = "give one of them another id: { id: 'NAME', match: … }"
      problems.push({ path, message: `another route has the id ${quote(id)}`, hint })
    }
    given.add(id)
    const [message, hint] = (own === undefined ? undefined : idProblem(own)) ?? []
    if (message !== undefined && hint !== undefined) problems.push({ path: [...path, 'id'], message, hint })
    return { id, match, action, ...(access === undefined ? {} : { access }) }
  })
}

/** The hint for a key of `proxy` that is neither a path nor a host; undefined for a valid key. */
function slipIn(key: string, value: unknown): string | undefined {
  const [, scheme, rest = ''] = /^([a-z0-9]+:\/\/)(?:[^/@]*@)?(.*)$/i.exec(key) ?? []
  if (scheme !== undefined) {
    const isSwapped = typeof value === 'string' && value.startsWith('/')
    return `did you mean ${quote(isSwapped ? `${value}=${scheme}${rest}` : rest)}?`
  }
  if (key === '') return 'use / for everything'
  // A host of one label, as containers have, can be matched in `routes`.
  return /^[a-z0-9-]+$/i.test(key) && key !== 'localhost'
    ? `did you mean ${quote(`/${key}`)}, or ${quote(`${key}.localhost`)}?`
    : undefined
}

/** One entry of `routes`. */
function resolveRoute(route: Checked<RouteOptions>, path: readonly string[], context: KindContext): Unnamed {
  const match = resolveMatch(route.match, { ...context, path: [...path, 'match'] })
  const access = resolveAccess(route, path, context)
  return {
    id: route.id,
    path,
    match,
    action: resolveAction(route, path, context, match),
    ...(Object.keys(access).length === 0 ? {} : { access }),
  }
}

function resolveAction(
  route: Checked<RouteOptions>,
  path: readonly string[],
  context: KindContext,
  match: ResolvedMatch,
): ResolvedAction {
  const { problems } = context
  const isGiven = (key: string): boolean => route[key as keyof RouteOptions] !== undefined
  const byKey = kindKeys()
  const keys = byKey.map(([key]) => key)
  const given = byKey.filter(([key]) => isGiven(key))
  const [[, kind] = [undefined, kinds.reply]] = given
  if (given.length !== 1) {
    const both = given.map(([key]) => key).join(' and ')
    const message = given.length === 0 ? 'the route has no action' : `the route has both ${both}`
    const all = `${keys.slice(0, -1).join(', ')} and ${keys.at(-1)}`
    problems.push({ path, message, hint: `give it exactly one of ${all}` })
  }
  for (const [name, { otherwise = {} }] of byKey) {
    if (isGiven(name)) continue
    for (const [key, hint = ''] of Object.entries(otherwise)) {
      if (isGiven(key)) problems.push({ path: [...path, key], message: `only a ${name} has it`, hint })
    }
  }
  return kind.resolve(route, path, context, match)
}
