import type { ResolvedListener, ResolvedTls } from '../value-types.ts'
import type { ResolvedAddress } from './address.ts'

/** The listeners that the other options mean: one for plain HTTP, and with `tls` one for HTTPS. */
export function usualListeners(address: ResolvedAddress, tls: ResolvedTls | undefined): readonly ResolvedListener[] {
  const { host, lan } = address
  const plain = named(undefined, { ...address, tls: false, certificates: [] })
  if (tls === undefined) return [plain]
  const { ports, fallback, certificates } = tls
  const secure = { host, lan, ports, fallback, certificates, socket: undefined, fd: undefined, tls: true }
  return [plain, named(undefined, secure)]
}

/** A listener with its name. */
export function named(name: string | undefined, listener: Omit<ResolvedListener, 'name'>): ResolvedListener {
  const { socket, fd, tls, ports } = listener
  const scheme = tls ? 'https' : 'http'
  const place = socket !== undefined ? `unix:${socket}` : fd !== undefined ? `fd:${fd}` : `${scheme}:${ports[0]}`
  return { name: name ?? place, ...listener }
}

/**
 * Removes from each list of ports those that are taken, and the single ports of other listeners. A list that would become
 * empty stays as it is, and so does a single port.
 */
export function withoutTaken(
  listeners: readonly ResolvedListener[],
  isTaken: (listener: ResolvedListener, port: number) => boolean,
): readonly ResolvedListener[] {
  // 0 is a port that the system chooses, each time another one.
  const fixed = listeners.flatMap(({ ports }) => (ports.length === 1 && ports[0] !== 0 ? ports : []))
  return listeners.map((listener) => {
    const { ports } = listener
    const left = ports.length > 1 ? ports.filter((port) => !fixed.includes(port) && !isTaken(listener, port)) : []
    return left.length > 0 ? { ...listener, ports: left } : listener
  })
}
