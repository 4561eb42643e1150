import type { ResolvedRoute } from '../config/route-types.ts'
import type { ResolvedConfig } from '../config/types.ts'
import type { ResolvedListener } from '../config/value-types.ts'
import { createHostCheck, type HostCheck } from '../middleware/guard/guard.ts'
import { ownNames } from '../net/net.ts'
import { unbracketed } from '../core/util/ip.ts'

/** The options that names follow from. Devices that find an advertised server ask for it by the name of the machine. */
type HostConfig = Pick<ResolvedConfig, 'allowHosts' | 'listeners' | 'advertise'>

/**
 * Compiles the check of which names a server answers for: those of its configuration, of its routes and of the user's
 * own certificates. In DNS rebinding the name belongs to the attacker, and no such certificate holds it.
 */
export function createAllowedHosts(
  { allowHosts, listeners, advertise }: HostConfig,
  routes: readonly ResolvedRoute[],
  isCertified: (name: string) => boolean = () => false,
): HostCheck {
  const isOurs = listenerCheck(listeners, (listener) =>
    checkOf({ ...listener, lan: listener.lan || advertise !== undefined }, allowHosts, routes),
  )
  return (authority, peer) => isOurs(authority, peer) || (authority.kind === 'name' && isCertified(authority.hostname))
}

/** Compiles the check of a site that answers for some names only; `.dev.localhost` is every name below one. */
export function createSiteHosts(hosts: readonly string[]): HostCheck {
  const exact = new Set(hosts)
  const below = hosts.filter((host) => host.startsWith('.'))
  return ({ hostname, kind }) =>
    exact.has(hostname) ||
    (kind === 'name' && below.some((each) => hostname.endsWith(each) && hostname.length > each.length))
}

function checkOf(
  { host, lan }: ResolvedListener,
  allowHosts: readonly string[],
  routes: readonly ResolvedRoute[],
): HostCheck {
  const routeHosts = routes.flatMap(({ match }) => match.host ?? [])
  return createHostCheck({ host, allowHosts, ownNames: lan ? ownNames() : [], routeHosts })
}

/** The check of the listener of a connection. Connections of embedding programs have none: any listener allows theirs. */
function listenerCheck(
  listeners: readonly ResolvedListener[],
  create: (one: ResolvedListener) => HostCheck,
): HostCheck {
  const [first] = listeners
  const isSame = listeners.every(({ host, lan }) => host === first?.host && lan === first.lan)
  if (first !== undefined && isSame) return create(first)
  const checks = new Map(listeners.map((each) => [each.name, create(each)]))
  const all = [...checks.values()]
  return (authority, peer) =>
    peer.listener === undefined
      ? all.some((check) => check(authority, peer))
      : checks.get(peer.listener)?.(authority, peer) === true
}

/** The hosts that certificates are for, beside the loopback names; `.example.test` covers every name below it. */
export function certificateHosts(
  { listeners, allowHosts, advertise }: HostConfig,
  sites: readonly { readonly hosts: readonly string[]; readonly routes: readonly ResolvedRoute[] }[],
): string[] {
  const listened = listeners.map(({ host }) => unbracketed(host))
  const isWide =
    advertise !== undefined ||
    listeners.some(({ lan }) => lan) ||
    listened.some((host) => host === '0.0.0.0' || host === '::')
  // In `allowHost` a leading dot covers the name itself too.
  const allowed = allowHosts.flatMap((name) => (name.startsWith('.') ? [name.slice(1), name] : [name]))
  const routed = sites.flatMap(({ routes }) => routes.flatMap(({ match }) => match.host ?? []))
  const named = sites.flatMap(({ hosts }) => hosts)
  // The local authority may not certify a name without a dot; `NAME.local` covers this machine.
  const own = isWide ? ownNames().filter((name) => /[.:]/.test(name)) : listened
  const hosts = new Set([...own, ...allowed, ...named, ...routed])
  hosts.delete('localhost')
  return [...hosts]
}
