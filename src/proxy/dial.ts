import { lookup as resolveName, type LookupAddress, type LookupOptions } from 'node:dns'
import { readFileSync } from 'node:fs'
import { connect, isIP, type Socket, type TcpNetConnectOpts } from 'node:net'
import type { ResolvedProxy, ResolvedUpstream } from '../config/route-types.ts'
import { isForbiddenAddress } from './forbidden-address.ts'
import { upstreamError } from './upstream-fault.ts'
import { UpstreamError } from './upstream-error.ts'

/** What a connection is opened with. */
export interface DialOptions {
  readonly upstream: ResolvedUpstream
  /** Milliseconds until the connection, with TLS, must stand; 0 is none. */
  readonly connectMs: number
  readonly tls: ResolvedProxy['tls']
  /** Protocols offered under TLS (RFC 7301). The first is required when it is HTTP/2. */
  readonly alpn: readonly ('h2' | 'http/1.1')[]
}

/** Opens one connection to an upstream. Rejects with an UpstreamError; gives up when the signal aborts. */
export type Dial = (signal?: AbortSignal) => Promise<Socket>

/** Prepares connections to one upstream: both address families are tried, and every address is judged. */
export function createDial(options: DialOptions): Dial {
  const { upstream, connectMs } = options
  const isSecure = upstream.protocol === 'https:' || upstream.protocol === 'h2:'
  return async (signal) => {
    const open = isSecure ? await secureOpener(options) : () => openPlain(options)
    return await new Promise<Socket>((resolve, reject) => {
      if (signal?.aborted === true) return reject(clientLeft())
      let socket: Socket
      try {
        socket = open()
      } catch (error) {
        // A certificate that is none.
        return reject(upstreamError(error, 'tls', false))
      }
      const timer = connectMs === 0 ? undefined : setTimeout(() => fail(tooSlow(options)), connectMs)
      const leave = (): void => fail(clientLeft())
      const fail = (error: unknown): void => {
        settle()
        socket.destroy()
        reject(upstreamError(error, isSecure && socket.bytesRead > 0 ? 'tls' : 'unreachable', false))
      }
      const settle = (): void => {
        clearTimeout(timer)
        signal?.removeEventListener('abort', leave)
        socket.off(isSecure ? 'secureConnect' : 'connect', done).off('close', closed)
      }
      const closed = (): void => fail(new UpstreamError('tls', 'The connection was closed.', { wrote: false }))
      const done = (): void => {
        const problem = protocolProblem(socket, options)
        if (problem !== undefined) return fail(problem)
        settle()
        socket.off('error', fail)
        resolve(socket)
      }
      signal?.addEventListener('abort', leave)
      // Stays: without a listener an error that comes late would end the process.
      socket.on('error', () => {})
      socket.on('error', fail)
      socket.once('close', closed)
      socket.once(isSecure ? 'secureConnect' : 'connect', done)
    })
  }
}

function clientLeft(): UpstreamError {
  return new UpstreamError('reset', 'The client left.', { wrote: false })
}

function tooSlow({ upstream, connectMs }: DialOptions): UpstreamError {
  const message = `No connection to ${upstream.label} within ${connectMs} ms.`
  return new UpstreamError('connect-timeout', message, { wrote: false })
}

function protocolProblem(socket: Socket, { alpn, upstream }: DialOptions): UpstreamError | undefined {
  const { alpnProtocol } = socket as { alpnProtocol?: string | false | null }
  if (alpn[0] !== 'h2' || upstream.protocol !== 'h2:' || alpnProtocol === 'h2') return undefined
  return new UpstreamError('protocol', `${upstream.label} does not speak HTTP/2.`, { wrote: false })
}

function place({ hostname, port, socketPath }: ResolvedUpstream): TcpNetConnectOpts | { path: string } {
  if (socketPath !== undefined) return { path: socketPath }
  return { host: hostname, port, lookup: judgedLookup as TcpNetConnectOpts['lookup'], autoSelectFamily: true }
}

function openPlain({ upstream, alpn }: DialOptions): Socket {
  // An upgraded connection may end on one side first; a session of HTTP/2 that saw an end is over.
  return connect({ ...place(upstream), allowHalfOpen: alpn[0] !== 'h2', noDelay: true })
}

async function secureOpener({ upstream, tls, alpn }: DialOptions): Promise<() => Socket> {
  const { connect: connectSecurely, rootCertificates } = await import('node:tls')
  const { verify, ca, cert, key, servername = isIP(upstream.hostname) === 0 ? upstream.hostname : '' } = tls
  // Read for each connection, so that a renewed certificate needs no restart.
  const files = {
    ...(ca === undefined ? {} : { ca: [...rootCertificates, readPem(ca)] }),
    ...(cert === undefined ? {} : { cert: readPem(cert) }),
    ...(key === undefined ? {} : { key: readPem(key) }),
  }
  const target = place(upstream)
  return () =>
    connectSecurely({ ...target, ...files, servername, rejectUnauthorized: verify, ALPNProtocols: [...alpn] })
}

function readPem(file: string): string {
  try {
    return readFileSync(file, 'utf8')
  } catch (cause) {
    throw new UpstreamError('tls', `${file} cannot be read.`, { wrote: false, cause })
  }
}

type LookupCallback = (error: Error | null, address?: string | LookupAddress[], family?: number) => void

/**
 * Resolves a name and refuses what it must not lead to. The addresses judged are the ones dialled, so a name
 * cannot change between the two (DNS rebinding).
 */
function judgedLookup(hostname: string, options: LookupOptions, callback: LookupCallback): void {
  if (isLocalName(hostname)) return answerLookup(loopback, options, callback)
  resolveName(hostname, { ...options, all: true }, (error, addresses) => {
    if (error !== null) return callback(error)
    const allowed = addresses.filter(({ address }) => !isForbiddenAddress(address))
    if (allowed.length === 0) {
      const message = `${hostname} leads to ${addresses[0]?.address ?? 'no address'}, which is not dialled.`
      return callback(new UpstreamError('forbidden-address', message, { wrote: false }))
    }
    answerLookup(allowed, options, callback)
  })
}

/** Backends listen on either, and name services often know one only (RFC 6761 section 6.3). */
const loopback: readonly LookupAddress[] = [
  { address: '127.0.0.1', family: 4 },
  { address: '::1', family: 6 },
]

function isLocalName(hostname: string): boolean {
  return /^(?:.+\.)?localhost\.?$/i.test(hostname)
}

function answerLookup(addresses: readonly LookupAddress[], options: LookupOptions, callback: LookupCallback): void {
  const [first] = addresses
  // A turn later, as a name service would: Node does not expect an answer at once.
  process.nextTick(() => {
    if (options.all === true) callback(null, [...addresses])
    else callback(null, first?.address, first?.family)
  })
}
