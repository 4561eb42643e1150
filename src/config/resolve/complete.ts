import { resolve } from 'node:path'
import { ServeError } from '../../core/serve-error.ts'
import { printable } from '../../core/util/sanitize.ts'
import { redactText } from '../../core/util/secret.ts'
import { checkShape } from '../validate/shape.ts'
import type { OptionContext, ResolvedBy } from '../options/option.ts'
import { defaults, optionsByKey, optionTable, type OptionKey } from '../options/option-table.ts'
import { deepFreeze } from '../plain-object.ts'
import { usualListeners, withoutTaken } from './listeners.ts'
import { findOwnUpstream, certainAddress, ownProblem } from './own-upstream.ts'
import type { Problem } from '../diagnostic.ts'
import { resolveAccess, resolveAllowHosts } from '../values/access.ts'
import { resolveAddress, type ResolvedAddress } from './address.ts'
import { checkAdvertise } from '../values/advertise.ts'
import { resolveCache, resolveTimeout } from '../values/times.ts'
import type { resolveTls } from './tls.ts'
import type { resolveRoutes } from './routes.ts'
import type * as Several from './several.ts'
import { resolveBase } from '../values/paths.ts'
import type { ResolvedRoute } from '../route-types.ts'
import type { CheckedOptions, Definitions, ResolvedConfig, ServeOptions } from '../types.ts'
import type { ResolvedListener, ResolvedLive, ResolvedTls } from '../value-types.ts'

/** What resolving needs beside the options. */
export interface CompleteContext {
  /** Folder against which relative paths are resolved. Default: the working directory. */
  readonly cwd?: string
  /** Absolute paths that must never be served, such as the config file. */
  readonly secretFiles?: readonly string[]
  /** How messages name an option (`SERVE8008_PORT`, `--limit headerBytes`), by its path joined with dots. Default: the path. */
  readonly keyNames?: ReadonlyMap<string, string>
  /** Names of the listeners of the server, for routes that name one. Default: those of the options. */
  readonly listenerNames?: readonly string[] | undefined
  /** Problems found while the options were read. */
  readonly problems?: readonly Problem[]
  /** Resolves `listeners` and `sites`: few configurations have them, so the command loads it with these. */
  readonly several?: typeof Several | undefined
  /** Resolves the options of HTTPS; needed where one is set. */
  readonly tls?: typeof resolveTls | undefined
  /** Resolves `proxy`, `routes` and `mounts`; needed where one is set. */
  readonly routes?: typeof resolveRoutes | undefined
  /** Checks names and types, and explains what is wrong. Default: a check without explanations. */
  readonly validate?: ((options: unknown, problems: Problem[]) => CheckedOptions) | undefined
}

/**
 * Adds defaults to options whose shape is right, and checks their meaning. The result is frozen.
 *
 * @throws ServeError `E8008_CONFIG_INVALID`, whose `problems` list every problem.
 */
export function completeConfig(options: ServeOptions, context: CompleteContext = {}): ResolvedConfig {
  const { keyNames = new Map<string, string>() } = context
  const problems = [...(context.problems ?? [])]
  const config = complete(options, context, problems)
  if (problems.length > 0) throw configError(problems, keyNames)
  return deepFreeze(config)
}

/** Completes options. Adds problems to the list instead of throwing. */
export function complete(options: ServeOptions, context: CompleteContext, problems: Problem[]): ResolvedConfig {
  const {
    cwd = '',
    secretFiles = [],
    several,
    tls: secured = plainOnly,
    routes: routed,
    validate = checkShape,
  } = context
  const given = validate(options, problems)
  if (several === undefined && (given.listeners ?? given.sites) !== undefined) {
    throw new Error('listeners and sites need what resolves them')
  }
  if (routed === undefined && (given.proxy ?? given.routes ?? given.mounts) !== undefined) {
    throw new Error('routes need what resolves them')
  }
  const set = { ...defaults, ...given }
  const base = resolveBase(set.base, problems)
  const { allow, origin, auth, authFile } = resolveAccess(given, [], { cwd, problems })
  const address = resolveAddress(given, cwd, problems)
  const secure = secured(given, address.ports, cwd, problems)
  const timeoutMs = resolveTimeout(set.timeout, problems)
  const named = given.listeners && several?.resolveListeners(given.listeners, { options: given, cwd, problems })
  const wanted = named ?? usualListeners(address, secure.tls)
  const { listenerNames = wanted.map(({ name }) => name) } = context
  const routes = routed?.(set, { base, cwd, timeoutMs, listeners: listenerNames, problems }) ?? []
  const listeners = withoutTaken(
    wanted,
    (listener, port) => findOwnUpstream(routes, certainAddress({ ...listener, ports: [port] })) !== undefined,
  )
  // Which port of a list is used is known when the server starts; then this is checked again.
  const own = listeners.map((listener) => findOwnUpstream(routes, certainAddress(listener))).find(Boolean)
  if (own !== undefined) problems.push(ownProblem(own, set.proxy))
  const plain = listeners.find(({ tls }) => !tls) ?? listeners[0]
  const encrypted = listeners.find(({ tls }) => tls)
  const server: ResolvedConfig = {
    ...resolveEach(set, { cwd, base, problems }),
    // A listing would answer in front of the handler.
    listing: given.listing ?? (set.handler === false || set.handler === ''),
    ...address,
    ...(plain && addressOf(plain)),
    lan: listeners.some(({ lan }) => lan),
    listeners,
    sites: [],
    defaultSite:
      (given.sites ?? []).length === 0 ||
      optionTable.some(({ key, makesSite }) => makesSite && (given[key] ?? false) !== false),
    ...secure,
    tls: secure.tls && { ...secure.tls, ...(encrypted && tlsOf(encrypted)) },
    h2c: given.h2c ?? routes.some(isCleartextHttp2),
    h2cFollows: given.h2c === undefined,
    cacheControl: resolveCache(set.cache, problems),
    allowHosts: resolveAllowHosts(set.allowHost, problems),
    allow,
    origin,
    auth: auth || undefined,
    authFile,
    base,
    routes,
    timeoutMs,
    live: set.live ? resolveLive(set, cwd) : undefined,
    secretFiles: [
      ...secretFiles,
      ...(authFile === undefined ? [] : [authFile]),
      ...routes.flatMap(({ access }) => access?.authFile ?? []),
      ...(typeof set.handler === 'string' ? [resolve(cwd, set.handler)] : []),
      // A certificate is public, but its file may hold the key too.
      ...listeners
        .flatMap(({ certificates }) => certificates)
        .flatMap(({ cert, key, pfx }) => [cert ?? [], key ?? [], pfx ?? []].flat()),
    ],
  }
  checkAdvertise(server.advertise, listeners, problems)
  const sites = several?.resolveSites(given.sites ?? [], {
    server,
    problems,
    complete: (own, found) => complete(own, { cwd, secretFiles, routes: routed, validate, listenerNames }, found),
  })
  return { ...server, sites: sites ?? [] }
}

/** What no option of HTTPS means. */
const plainOnly = (): ReturnType<typeof resolveTls> => ({ tls: undefined, redirect: undefined })

/** The options that are resolved by themselves. */
function resolveEach(set: Readonly<Record<OptionKey, unknown>>, context: OptionContext): ResolvedBy<Definitions> {
  const entries = optionTable.flatMap(({ key, resolve: complete }) =>
    complete === undefined ? [] : [[key, complete(set[key] as never, context)] as const],
  )
  return Object.fromEntries(entries) as unknown as ResolvedBy<Definitions>
}

function addressOf({ host, ports, fallback, socket, fd }: ResolvedListener): Omit<ResolvedAddress, 'lan'> {
  return { host, ports, fallback, socket, fd }
}

function tlsOf({ ports, fallback, certificates }: ResolvedListener): Omit<ResolvedTls, 'only'> {
  return { ports, fallback, certificates }
}

/** Whether an upstream uses HTTP/2 without TLS. Its clients, such as gRPC, use it too. */
export function isCleartextHttp2({ action }: ResolvedRoute): boolean {
  return action.kind === 'proxy' && action.proxy.upstreams.some(({ protocol }) => protocol === 'h2c:')
}

/** Most problems in one message; `problems` has all of them. */
const mostShown = 20

/** One error for all problems; its hint is that of the first. */
export function configError(problems: readonly Problem[], keyNames: ReadonlyMap<string, string>): ServeError {
  const named = problems.map(({ path, message, hint: usual, name: given }) => {
    const name = given ?? nameOf(path, keyNames)
    const flag = optionsByKey.get(path.join('.'))?.flags[0]
    // A hint that repeats the allowed values says nothing new.
    const isRepeated = flag !== undefined && message.startsWith(`expected ${usual.slice(4)}, got `)
    const hint = isRepeated ? `serve8008 help ${flag}` : usual
    return { sentence: name === '' ? message : `${printable(redactText(name), 200)}: ${message}`, hint }
  })
  const [first = { sentence: 'The configuration is wrong', hint: '' }] = named
  const texts = named.map(({ sentence, hint }) => `${sentence}; ${hint}`)
  const shown = texts.slice(0, mostShown)
  if (texts.length > mostShown) shown.push(`and ${texts.length - mostShown} more`)
  const message =
    texts.length === 1
      ? first.sentence
      : `The configuration has ${texts.length} problems:${shown.map((text) => `\n  - ${text}`).join('')}`
  return new ServeError('E8008_CONFIG_INVALID', message, { hint: first.hint, problems: texts })
}

/** The name of the innermost option or key that has one, followed by the keys within it. */
function nameOf(path: readonly string[], keyNames: ReadonlyMap<string, string>): string {
  for (let length = path.length; length > 0; length--) {
    const name = keyNames.get(path.slice(0, length).join('.'))
    // A flag is named alone.
    if (name !== undefined) return name.startsWith('--') ? name : [name, ...path.slice(length)].join('.')
  }
  return path.join('.')
}

/** How live reload works; relative globs of `watch` belong to the working directory. */
function resolveLive(
  options: Required<Pick<CheckedOptions, 'watch' | 'ignore' | 'reload' | 'toast' | 'console' | 'poll'>>,
  cwd: string,
): ResolvedLive {
  const { reload, toast, console, poll } = options
  const watch = listOf(options.watch).map((glob) => resolve(cwd, glob))
  return { watch, ignore: listOf(options.ignore), reload, toast, console, poll }
}

function listOf(value: string | readonly string[]): string[] {
  return (typeof value === 'string' ? [value] : [...value]).filter((text) => text !== '')
}
