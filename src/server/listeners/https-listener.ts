import { constants } from 'node:crypto'
import type { Server, Socket } from 'node:net'
import { createServer, type SecureContext, type SecureContextOptions, type TLSSocket, type TlsOptions } from 'node:tls'
import type { ResolvedConfig } from '../../config/types.ts'
import type { ResolvedCertificate } from '../../config/value-types.ts'
import type { Adapter } from '../../http/h1/server.ts'
import { createCertificates, type Certificates } from '../../tls/tls.ts'
import { passToHttp2, sniffProtocol, type UndecidedConnections } from './protocol-sniffer.ts'
import type { Warning } from '../../core/warning.ts'

/** What {@link openHttps} needs. */
export interface HttpsOptions {
  /** Empty: the local authority makes them. */
  readonly certificates: readonly ResolvedCertificate[]
  readonly limits: ResolvedConfig['limits']
  /** The hosts that certificates are for, beside the loopback names; `.example.test` covers every name below it. */
  readonly hosts: readonly string[]
  /** Folder of the local authority. Default: the user's. */
  readonly folder: string | undefined
  readonly adapter: Adapter
  readonly onWarning: (warning: Warning) => void
  /** Called with the files of a user's own certificate when they were replaced; new connections get the new one. */
  readonly onReplaced: (files: readonly string[]) => void
}

/** Listeners for HTTPS that share their certificates. */
export interface HttpsService {
  /**
   * A server for one address, not yet listening. It accepts plain HTTP too, which the pipeline redirects.
   *
   * @param name That of its listener.
   */
  createListener(undecided: UndecidedConnections, name?: string): Server
  readonly certificates: Pick<Certificates, 'covers' | 'isNamed' | 'firstName' | 'follow'>
  /** Stops watching the certificates. */
  close(): void
}

/** First byte of a TLS record that holds a handshake (RFC 8446 section 5.1). */
const handshake = 0x16

/** Ephemeral keys and authenticated encryption only; the first three are those of TLS 1.3. */
const ciphers = [
  'TLS_AES_128_GCM_SHA256',
  'TLS_AES_256_GCM_SHA384',
  'TLS_CHACHA20_POLY1305_SHA256',
  'ECDHE-ECDSA-AES128-GCM-SHA256',
  'ECDHE-RSA-AES128-GCM-SHA256',
  'ECDHE-ECDSA-AES256-GCM-SHA384',
  'ECDHE-RSA-AES256-GCM-SHA384',
  'ECDHE-ECDSA-CHACHA20-POLY1305',
  'ECDHE-RSA-CHACHA20-POLY1305',
].join(':')

const policy: TlsOptions = {
  // RFC 8996 forbids what is older.
  minVersion: 'TLSv1.2',
  maxVersion: 'TLSv1.3',
  ciphers,
  // Other groups of TLS 1.3 cost up to a thousand times as much.
  ecdhCurve: 'X25519:P-256:P-384',
  // All of them are strong, so the client may choose the one that is fast on its machine.
  honorCipherOrder: false,
  // Renegotiation lets a client cause key exchanges without end; TLS 1.3 has none (RFC 8446 section 4.1.2).
  secureOptions: constants.SSL_OP_NO_RENEGOTIATION,
}

/**
 * Loads the certificates. This file is imported late: most servers speak no TLS.
 *
 * @throws ServeError for certificate files that cannot be used
 */
export async function openHttps(options: HttpsOptions): Promise<HttpsService> {
  const { limits, hosts, folder, adapter, onWarning, onReplaced } = options
  const certificates = await createCertificates({
    own: options.certificates,
    hosts,
    ...(folder === undefined ? {} : { folder }),
    onWarning,
    onReplaced,
    onChange: () => server.setSecureContext(contextOptions()),
  })
  const untrusted = options.certificates.length === 0 ? warnOnce(onWarning) : () => {}
  /** TLS handshakes under way, by socket address pair: what continues with the encrypted connection. */
  const handshaking = new Map<string, (secured: TLSSocket) => void>()

  function contextOptions(): SecureContextOptions {
    return { ...certificates.current(), ...policy }
  }

  async function choose(name: string, done: (error: Error | null, context?: SecureContext) => void): Promise<void> {
    // Without a context the client gets the certificate of another name, and warns its user.
    const context = await certificates.contextFor(name).catch(() => undefined)
    done(null, context)
  }

  const server = createServer({
    ...contextOptions(),
    ALPNProtocols: ['h2', 'http/1.1'],
    handshakeTimeout: limits.headerMs,
    SNICallback: (name, done) => void choose(name, done),
  })
  server.on('tlsClientError', (error: NodeJS.ErrnoException, socket) => {
    untrusted(error)
    socket.destroy()
  })
  server.on('secureConnection', (socket: TLSSocket) => {
    // In TLS 1.3 a client reports only now that it does not trust the certificate.
    socket.once('error', untrusted)
    const agreed = handshaking.get(endsOf(socket))
    if (agreed === undefined) socket.destroy()
    else agreed(socket)
  })

  function agree(socket: Socket, undecided: UndecidedConnections, take: (secured: Socket) => void): void {
    const ends = endsOf(socket)
    handshaking.set(ends, (secured) => {
      handshaking.delete(ends)
      adapter.connections.secured(socket, secured)
      secured.allowHalfOpen = allowHalfOpen
      if (secured.alpnProtocol !== 'h2') return take(secured)
      undecided.delete(socket)
      passToHttp2(adapter, secured)
    })
    socket.once('close', () => handshaking.delete(ends))
    // A client that ends during the handshake never completes it; later a half-closed client still gets its reply.
    const { allowHalfOpen } = socket
    socket.allowHalfOpen = false
    server.emit('connection', socket)
  }

  return {
    createListener: (undecided, name) => {
      const listener = adapter.createListener(name)
      sniffProtocol(listener, undecided, {
        headerMs: limits.headerMs,
        admit: adapter.connections.admit,
        isEnough: (bytes) => bytes.length > 0,
        route: (socket, bytes, take) => (bytes[0] === handshake ? agree(socket, undecided, take) : take(socket)),
      })
      return listener
    },
    certificates,
    close: () => certificates.close(),
  }
}

/** Identifies a connection by its address pair. */
function endsOf({ localAddress, localPort, remoteAddress, remotePort }: Socket): string {
  return `${localAddress} ${localPort} ${remoteAddress} ${remotePort}`
}

/** Warns once that a client refused the certificate (RFC 8446 section 6.2): browsers only show a full-page warning. */
function warnOnce(onWarning: HttpsOptions['onWarning']): (error: NodeJS.ErrnoException) => void {
  let told = false
  return ({ code = '' }) => {
    if (told || !/ALERT_(?:UNKNOWN_CA|CERTIFICATE_UNKNOWN|BAD_CERTIFICATE)$/.test(code)) return
    told = true
    onWarning({
      code: 'W8008_UNTRUSTED',
      message: 'A client refused the certificate of this server: it does not trust the local authority.',
      hint: 'serve8008 trust',
    })
  }
}
