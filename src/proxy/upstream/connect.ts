import { readFileSync } from 'node:fs'
import { connect, isIP, type Socket, type TcpNetConnectOpts } from 'node:net'
import type { ResolvedProxy, ResolvedUpstream } from '../../config/route-types.ts'
import { lookupAllowed } from './destination.ts'
import { reusedReads } from './read-buffers.ts'
import { UpstreamError, upstreamError } from './upstream-error.ts'

/** What a connection is opened with. */
export interface DialOptions {
  readonly upstream: ResolvedUpstream
  /** Milliseconds until the connection, with TLS, must stand; 0 is none. */
  readonly connectMs: number
  readonly tls: ResolvedProxy['tls']
  /** Protocols offered under TLS (RFC 7301). The first is required when it is HTTP/2. */
  readonly alpn: readonly ('h2' | 'http/1.1')[]
  /** Whether the reader gives back the memory of what it has read. Default false; TLS has memory of its own. */
  readonly givesBack?: boolean
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
  return new UpstreamError('left', 'The client left.', { wrote: false })
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
  return { host: hostname, port, lookup: lookupAllowed as TcpNetConnectOpts['lookup'], autoSelectFamily: true }
}

function openPlain({ upstream, alpn, givesBack = false }: DialOptions): Socket {
  const reads = givesBack ? { onread: reusedReads((chunk) => socket.push(chunk)) } : {}
  // An upgraded connection may end on one side first; a session of HTTP/2 that saw an end is over.
  const socket: Socket = connect({ ...place(upstream), ...reads, allowHalfOpen: alpn[0] !== 'h2', noDelay: true })
  return socket
}

async function secureOpener({ upstream, tls, alpn }: DialOptions): Promise<() => Socket> {
  const { connect: connectSecurely, rootCertificates } = await import('node:tls')
  const { verify, ca, cert, key, servername = isIP(upstream.hostname) === 0 ? upstream.hostname : '' } = tls
  // Read for each connection, so that a renewed certificate needs no restart.
  const files = {
    ...(ca === undefined ? {} : { ca: [...rootCertificates, read(ca, 'ca')] }),
    ...(cert === undefined ? {} : { cert: read(cert, 'cert') }),
    ...(key === undefined ? {} : { key: read(key, 'key') }),
  }
  const target = place(upstream)
  return () =>
    connectSecurely({ ...target, ...files, servername, rejectUnauthorized: verify, ALPNProtocols: [...alpn] })
}

/** Its path is nobody's business but that of the one who reads the log. */
function read(file: string, option: string): string {
  try {
    return readFileSync(file, 'utf8')
  } catch (cause) {
    const { code = '' } = cause as NodeJS.ErrnoException
    throw new UpstreamError('tls', `the file of tls.${option} cannot be read: ${code}`, { wrote: false, cause })
  }
}
