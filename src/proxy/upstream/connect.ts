import { readFileSync } from 'node:fs'
import { connect, isIP, type Socket, type TcpNetConnectOpts } from 'node:net'
import type { ResolvedProxy, ResolvedUpstream } from '../../config/kinds/proxy-types.ts'
import { isLocalhost, lookupAllowed } from './destination.ts'
import { pooledReads } from './read-buffers.ts'
import { clientLeftFault, UpstreamError, upstreamError } from './upstream-error.ts'

/** Options of {@link createConnector}. */
export interface ConnectorOptions {
  readonly upstream: ResolvedUpstream
  /** Milliseconds for the TCP and TLS handshakes; 0 disables the timeout. */
  readonly connectMs: number
  readonly tls: ResolvedProxy['tls']
  /** Protocols offered under TLS (RFC 7301). The first is required when it is HTTP/2. */
  readonly alpn: readonly ('h2' | 'http/1.1')[]
}

/** How a connection is used. */
export interface DialOptions {
  /** Gives up when it aborts. */
  readonly signal?: AbortSignal
  /**
   * Reads each piece, instead of a reader of the stream, and returns whether the upstream may send more. A piece may be in
   * the memory of the pool of {@link pooledReads}.
   */
  readonly read?: (bytes: Buffer) => boolean
}

/** Opens one connection to an upstream. @throws UpstreamError */
export type Connector = (use?: DialOptions) => Promise<Socket>

/** Creates the connector of one upstream. It tries both address families, and connects to allowed addresses only. */
export function createConnector(options: ConnectorOptions): Connector {
  const { upstream, connectMs } = options
  const isSecure = upstream.protocol === 'https:' || upstream.protocol === 'h2:'
  return async ({ signal, read } = {}) => {
    const open = isSecure ? await secureOpener(options) : () => openPlain(options, read)
    return await new Promise<Socket>((resolve, reject) => {
      if (signal?.aborted === true) return reject(clientLeftFault(false))
      let socket: Socket
      try {
        socket = open()
      } catch (error) {
        // node:tls throws when a certificate or key file is malformed.
        return reject(upstreamError(error, 'tls', false))
      }
      const timer = connectMs === 0 ? undefined : setTimeout(() => fail(tooSlow(options)), connectMs)
      const leave = (): void => fail(clientLeftFault(false))
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
        if (isSecure && read !== undefined) socket.on('data', (bytes: Buffer) => void (read(bytes) || socket.pause()))
        resolve(socket)
      }
      signal?.addEventListener('abort', leave)
      // Stays for good: a late error without a listener would end the process.
      socket.on('error', () => {})
      socket.on('error', fail)
      socket.once('close', closed)
      socket.once(isSecure ? 'secureConnect' : 'connect', done)
    })
  }
}

function tooSlow({ upstream, connectMs }: ConnectorOptions): UpstreamError {
  const message = `No connection to ${upstream.label} within ${connectMs} ms.`
  return new UpstreamError('connect-timeout', message, { wrote: false })
}

function protocolProblem(socket: Socket, { alpn, upstream }: ConnectorOptions): UpstreamError | undefined {
  const { alpnProtocol } = socket as { alpnProtocol?: string | false | null }
  if (alpn[0] !== 'h2' || upstream.protocol !== 'h2:' || alpnProtocol === 'h2') return undefined
  return new UpstreamError('no-http2', `${upstream.label} does not speak HTTP/2.`, { wrote: false })
}

/**
 * Milliseconds for one of the two addresses of localhost, which answer at once or not at all. After Node's 250 ms a
 * process that was busy meanwhile would give up a connection that is open.
 */
const loopbackAttemptMs = 60_000

function socketAddress({ hostname, port, socketPath }: ResolvedUpstream): TcpNetConnectOpts | { path: string } {
  if (socketPath !== undefined) return { path: socketPath }
  return {
    host: hostname,
    port,
    lookup: lookupAllowed as TcpNetConnectOpts['lookup'],
    autoSelectFamily: true,
    ...(isLocalhost(hostname) ? { autoSelectFamilyAttemptTimeout: loopbackAttemptMs } : {}),
  }
}

function openPlain({ upstream, alpn }: ConnectorOptions, read: DialOptions['read']): Socket {
  return connect({
    ...socketAddress(upstream),
    ...(read === undefined ? {} : { onread: pooledReads(read) }),
    // Either side of a tunnel may end first; HTTP/2 does not use half-open connections.
    allowHalfOpen: alpn[0] !== 'h2',
    noDelay: true,
  })
}

async function secureOpener({ upstream, tls, alpn }: ConnectorOptions): Promise<() => Socket> {
  const { connect: connectSecurely, rootCertificates } = await import('node:tls')
  const { verify, ca, cert, key, servername = isIP(upstream.hostname) === 0 ? upstream.hostname : '' } = tls
  // Files are read for each connection, so that a renewed certificate needs no restart.
  const files = {
    ...(ca === undefined ? {} : { ca: [...rootCertificates, read(ca, 'ca')] }),
    ...(cert === undefined ? {} : { cert: read(cert, 'cert') }),
    ...(key === undefined ? {} : { key: read(key, 'key') }),
  }
  const target = socketAddress(upstream)
  return () =>
    connectSecurely({ ...target, ...files, servername, rejectUnauthorized: verify, ALPNProtocols: [...alpn] })
}

/** Keeps the path of the file out of the client's error: only the cause, which is logged, has it. */
function read(file: string, option: string): string {
  try {
    return readFileSync(file, 'utf8')
  } catch (cause) {
    const { code = '' } = cause as NodeJS.ErrnoException
    throw new UpstreamError('tls', `the file of tls.${option} cannot be read: ${code}`, { wrote: false, cause })
  }
}
