import { quote, type Problem } from '../diagnostic.ts'
import { defaults } from '../options/option-table.ts'
import type { CheckedOptions } from '../types.ts'
import type { Checked } from '../plain-object.ts'
import type { ListenerOptions, ResolvedListener, ResolvedTls } from '../value-types.ts'
import { resolveAddress, type ResolvedAddress } from './address.ts'
import { listedCertificates } from './tls.ts'

/** What listeners are resolved with. */
export interface ListenerContext {
  /** The options beside `listeners`, which hold for all of them. */
  readonly options: CheckedOptions
  readonly cwd: string
  readonly problems: Problem[]
}

/** Options that `listeners` replace. */
const replaced = ['port', 'strictPort', 'socket', 'fd', 'tls', 'tlsPort'] as const

/** The listeners that the other options mean: one for plain HTTP, and with `tls` one for HTTPS. */
export function usualListeners(address: ResolvedAddress, tls: ResolvedTls | undefined): readonly ResolvedListener[] {
  const { host, lan } = address
  const plain = named(undefined, { ...address, tls: false, certificates: [] })
  if (tls === undefined) return [plain]
  const { ports, fallback, certificates } = tls
  const secure = { host, lan, ports, fallback, certificates, socket: undefined, fd: undefined, tls: true }
  return [plain, named(undefined, secure)]
}

/** Checks `listeners`, and adds defaults. */
export function resolveListeners(
  given: readonly Checked<ListenerOptions>[],
  context: ListenerContext,
): readonly ResolvedListener[] {
  const { options, problems } = context
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
  const isDirect = address.socket !== undefined || address.fd !== undefined
  const usual = tls ? defaults.tlsPort : defaults.port
  const { port = isDirect ? undefined : usual } = address
  const all = { ...address, port, strictPort, host, lan }
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

function named(name: string | undefined, listener: Omit<ResolvedListener, 'name'>): ResolvedListener {
  const { socket, fd, tls, ports } = listener
  const scheme = tls ? 'https' : 'http'
  const place = socket !== undefined ? `unix:${socket}` : fd !== undefined ? `fd:${fd}` : `${scheme}:${ports[0]}`
  return { name: name ?? place, ...listener }
}

/** Whether two listeners need one port on the same address. */
function isSamePlace(one: ResolvedListener, other: ResolvedListener): boolean {
  const isOnPort = [one, other].every(({ socket, fd, ports }) => (socket ?? fd) === undefined && ports.length === 1)
  return isOnPort && one.ports[0] !== 0 && one.ports[0] === other.ports[0] && one.host === other.host
}

/**
 * Removes from each list of ports those that are taken, and the single ports of other listeners. A list that would become
 * empty stays as it is, and so does a single port.
 */
export function withoutTaken(
  listeners: readonly ResolvedListener[],
  isTaken: (listener: ResolvedListener, port: number) => boolean,
): readonly ResolvedListener[] {
  const fixed = listeners.flatMap(({ ports }) => (ports.length === 1 ? ports : []))
  return listeners.map((listener) => {
    const { ports } = listener
    const left = ports.length > 1 ? ports.filter((port) => !fixed.includes(port) && !isTaken(listener, port)) : []
    return left.length > 0 ? { ...listener, ports: left } : listener
  })
}
