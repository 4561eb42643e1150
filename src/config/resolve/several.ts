import { expected, quote, type Problem } from '../diagnostic.ts'
import { defaults, optionsByKey, optionTable, siteKeys } from '../options/option-table.ts'
import type { SiteOptions } from '../options/several.ts'
import type { CheckedOptions, ResolvedConfig, ResolvedSite, ServeOptions } from '../types.ts'
import { resolveHost } from './match.ts'
import { findOwnUpstream, certainAddress, ownProblem } from './own-upstream.ts'
import type { Checked } from '../plain-object.ts'
import type { ListenerOptions, ResolvedListener } from '../value-types.ts'
import { resolveAddress } from './address.ts'
import { named } from './listeners.ts'
import { listedCertificates } from './tls.ts'

/** What listeners are resolved with. */
export interface ListenerContext {
  /** The options beside `listeners`, which hold for all of them. */
  readonly options: CheckedOptions
  readonly cwd: string
  readonly problems: Problem[]
}

/** Checks `listeners`, and adds defaults. */
export function resolveListeners(
  given: readonly Checked<ListenerOptions>[],
  context: ListenerContext,
): readonly ResolvedListener[] {
  const { options, problems } = context
  const replaced = optionsByKey.get('listeners')?.excludes as readonly (keyof CheckedOptions)[]
  for (const key of replaced.filter((each) => options[each] !== undefined && options[each] !== false)) {
    const message = `cannot be combined with ${quote(key)}`
    problems.push({ path: ['listeners'], message, hint: `write { ${key} } into a listener` })
  }
  if (given.length === 0) {
    problems.push({ path: ['listeners'], message: 'the list is empty', hint: 'write listeners: [{ port: 8008 }]' })
  }
  const listeners = given.map((each, i) => resolveListener(each, ['listeners', String(i)], context))
  listeners.forEach((listener, i) => {
    const earlier = listeners.slice(0, i)
    const problem = (key: string, message: string, hint: string): void => {
      problems.push({ path: ['listeners', String(i), key], message, hint })
    }
    if (earlier.some(({ name }) => name === listener.name)) {
      problem('name', `two listeners have the name ${quote(listener.name)}`, 'give each another name')
    } else if (earlier.some((other) => isSamePlace(other, listener))) {
      problem('port', `${listener.ports[0]} is the port of another listener`, 'use another one')
    }
  })
  return listeners
}

/** Checks one listener, and adds defaults. */
export function resolveListener(
  given: Checked<ListenerOptions>,
  path: readonly string[],
  { options, cwd, problems }: ListenerContext,
): ResolvedListener {
  const { name, tls = given.certificates !== undefined, certificates, ...address } = given
  const own: Problem[] = []
  const { host = options.host, lan = options.lan, strictPort = options.strictPort } = given
  const { wildcard } = options
  const isDirect = address.socket !== undefined || address.fd !== undefined
  const usual = tls ? defaults.tlsPort : defaults.port
  const { port = isDirect ? undefined : usual } = address
  const all = { ...address, port, strictPort, host, lan, wildcard }
  const entries = Object.entries(all).filter(([, value]) => value !== undefined)
  const resolved = resolveAddress(Object.fromEntries(entries) as CheckedOptions, cwd, own)
  if (tls && resolved.socket !== undefined) {
    own.push({ path: ['socket'], message: 'cannot be combined with "tls"', hint: 'serve HTTPS on a port' })
  }
  if (!tls && certificates !== undefined) {
    own.push({ path: ['certificates'], message: 'only a listener with TLS has them', hint: 'leave out tls: false' })
  }
  if (name === '') own.push({ path: ['name'], message: 'the name is empty', hint: 'name it, or leave it out' })
  const listed = tls ? listedCertificates(certificates, options, cwd, own) : []
  problems.push(...own.map((problem) => ({ ...problem, path: [...path, ...problem.path] })))
  return named(name, { ...resolved, tls, certificates: listed })
}

/** What sites are resolved with. */
export interface SiteContext {
  /** The configuration beside `sites`. */
  readonly server: ResolvedConfig
  readonly problems: Problem[]
  /** Resolves the options of a site as a configuration of its own. */
  readonly complete: (options: ServeOptions, problems: Problem[]) => ResolvedConfig
}

/** Checks `sites`, and adds defaults. */
export function resolveSites(given: readonly unknown[], context: SiteContext): readonly ResolvedSite[] {
  const sites = given.map((each, i) => resolveSite(each as SiteOptions, ['sites', String(i)], context))
  sites.forEach((site, i) => {
    const problem = conflictOf(site, sites.slice(0, i))
    if (problem !== undefined) context.problems.push({ ...problem, path: ['sites', String(i), ...problem.path] })
  })
  return sites
}

/** What a site has in common with an earlier one that it must not. @internal */
export function conflictOf(site: ResolvedSite, earlier: readonly ResolvedSite[]): Problem | undefined {
  const { name, hosts, listeners } = site
  if (earlier.some((other) => other.name === name)) {
    return { path: ['name'], message: `two sites have the name ${quote(name)}`, hint: 'give each another name' }
  }
  const meets = (other: ResolvedSite): boolean =>
    listeners === undefined || other.listeners === undefined || listeners.some((one) => other.listeners?.includes(one))
  const rival = earlier.find(
    (other) =>
      meets(other) &&
      (hosts.length === 0 ? other.hosts.length === 0 : hosts.some((host) => other.hosts.includes(host))),
  )
  if (rival === undefined) return undefined
  const message = `the site ${quote(rival.name)} answers for the same ${hosts.length === 0 ? 'listener' : 'host'}`
  return { path: [hosts.length === 0 ? 'listeners' : 'host'], message, hint: 'give each another one' }
}

/** Checks one site, and adds defaults. */
export function resolveSite(given: SiteOptions, path: readonly string[], context: SiteContext): ResolvedSite {
  const { name, host, listeners: on, ...options } = given
  const { server, complete, problems } = context
  const own: Problem[] = []
  for (const key of Object.keys(options)) {
    if (siteKeys.has(key) || !optionsByKey.has(key)) continue
    own.push({ path: [key], message: 'it belongs to the server, not to a site', hint: `write it beside "sites"` })
    delete (options as Record<string, unknown>)[key]
  }
  const hosts = textsOf(host, 'host', own).map((each) => resolveHost(each, { path: ['host'], problems: own }))
  const listeners = on === undefined ? undefined : textsOf(on, 'listeners', own)
  const known = server.listeners.map((each) => each.name)
  for (const each of listeners ?? []) {
    if (known.includes(each)) continue
    const hint = `use one of ${known.map((one) => quote(one)).join(', ')}`
    own.push({ path: ['listeners'], message: `there is no listener ${quote(each)}`, hint })
  }
  if (hosts.length === 0 && listeners === undefined) {
    const hint = "write host: 'docs.localhost', or the options beside sites"
    own.push({ path: [], message: 'the site has neither a host nor listeners', hint })
  }
  if (name !== undefined && (typeof name !== 'string' || name === '')) {
    own.push({ path: ['name'], message: expected('a name', name), hint: 'use a text' })
  }
  const config = ofServer(complete(options, own), server, listeners)
  if (config.handler?.file !== undefined) {
    const hint = 'import it in a config module: handler: app'
    own.push({ path: ['handler'], message: 'a site takes the handler itself, not the path of a module', hint })
  }
  const found = config.listeners.map((each) => findOwnUpstream(config.routes, certainAddress(each))).find(Boolean)
  if (found !== undefined) own.push(ownProblem(found, options.proxy as never))
  problems.push(...own.map((problem) => ({ ...problem, path: [...path, ...problem.path] })))
  return { name: name ?? hosts[0]?.replace(/^\./, '*.') ?? listeners?.join(', ') ?? '', hosts, listeners, config }
}

function textsOf(value: unknown, key: string, problems: Problem[]): readonly string[] {
  const list = value === undefined ? [] : [value].flat()
  const isRight = list.every((each) => typeof each === 'string')
  if (isRight && (value === undefined || list.length > 0)) return list as readonly string[]
  problems.push({
    path: [key],
    message: expected('a string or a list of strings', value),
    hint: 'use one or several names',
  })
  return []
}

/** Options that the server resolves for every site. */
const serverOnly = optionTable.filter(({ key, resolve }) => resolve !== undefined && !siteKeys.has(key))

/** The configuration of a site with what the server shares. */
function ofServer(site: ResolvedConfig, server: ResolvedConfig, names: readonly string[] | undefined): ResolvedConfig {
  const { ports, fallback, host, lan, socket, fd, tls, redirect, h2c, h2cFollows } = server
  const { allowHosts, secretFiles } = server
  // A list of clients that is meant for the server also closes the sites that have none.
  const allow = site.allow ?? server.allow
  const listeners = server.listeners.filter(({ name }) => names === undefined || names.includes(name))
  const shared = {
    ports,
    fallback,
    host,
    lan,
    socket,
    fd,
    tls,
    redirect,
    h2c,
    h2cFollows,
    allowHosts,
    allow,
    ...Object.fromEntries(serverOnly.map(({ key }) => [key, server[key as keyof ResolvedConfig]])),
  }
  return { ...site, ...shared, listeners, secretFiles: [...new Set([...secretFiles, ...site.secretFiles])] }
}

/** Whether two listeners need one port on the same address. */
function isSamePlace(one: ResolvedListener, other: ResolvedListener): boolean {
  const isOnPort = [one, other].every(({ socket, fd, ports }) => (socket ?? fd) === undefined && ports.length === 1)
  return isOnPort && one.ports[0] !== 0 && one.ports[0] === other.ports[0] && one.host === other.host
}
