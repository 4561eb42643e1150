import { connect, type ConnectionOptions, type TLSSocket } from 'node:tls'
import type { ProgramOptions, ServeOptions } from '../../src/index.ts'
import type { Pair } from '../../src/tls/types.ts'
import { makeCertificate } from './certificate.ts'
import { RawClient } from './raw.ts'
import { startServer, TempFolder, type Started } from './server.ts'

/** A server with one port for HTTPS and one for plain HTTP. */
export interface Secured extends Started {
  readonly tlsPort: number
  /** The certificate that clients have to trust (PEM). */
  readonly ca: string
  /** Paths of the certificate and its key. */
  readonly files: { readonly cert: string; readonly key: string }
  /** The `Host` line that names the port for HTTPS. */
  readonly secureLine: string
}

let pairOfProcess: Promise<Pair> | undefined

/** Serves a temporary folder under TLS, with the certificate that this process has made for localhost and 127.0.0.1. */
export async function startSecure(
  files: Readonly<Record<string, string | Uint8Array>>,
  options: ServeOptions & ProgramOptions = {},
): Promise<Secured> {
  pairOfProcess ??= makeCertificate('localhost', 'app.localhost', '127.0.0.1', '::1')
  const pair = await pairOfProcess
  const folder = await new TempFolder().write({ 'site.crt': pair.cert, 'site.key': pair.key })
  const own = { cert: folder.join('site.crt'), key: folder.join('site.key') }
  const ports = options.listeners === undefined ? { tlsPort: 0 } : {}
  const started = await startServer(files, { ...ports, ...own, ...options })
  const tlsPort = started.server.tlsPort ?? 0
  return {
    ...started,
    tlsPort,
    ca: pair.cert,
    files: own,
    secureLine: `Host: localhost:${tlsPort}`,
    [Symbol.asyncDispose]: async () => {
      await started[Symbol.asyncDispose]()
      folder[Symbol.dispose]()
    },
  }
}

/** Opens a connection to a listener of a server by its name, under TLS where it serves HTTPS. */
export async function openListener({ server, ca }: Secured, name: string): Promise<RawClient> {
  const { listeners } = await server.listen()
  const address = listeners.find((each) => each.name === name)
  if (address === undefined) throw new Error(`no listener ${name}`)
  const { protocol, port } = address
  return protocol === 'https' ? openSecure({ tlsPort: port, ca }) : RawClient.open(port)
}

/** Opens a connection under TLS, on which bytes are sent exactly as given. */
export async function openSecure(
  secured: Pick<Secured, 'tlsPort' | 'ca'>,
  options: ConnectionOptions = {},
): Promise<RawClient> {
  return new RawClient(await connectSecurely(secured, options))
}

/** Opens a TLS connection. Rejects when the handshake fails. */
export function connectSecurely(
  { tlsPort: port, ca }: Pick<Secured, 'tlsPort' | 'ca'>,
  options: ConnectionOptions = {},
): Promise<TLSSocket> {
  return new Promise((resolve, reject) => {
    const socket = connect({ port, host: '127.0.0.1', servername: 'localhost', ca, ...options })
    socket.once('error', reject)
    socket.once('secureConnect', () => {
      socket.off('error', reject)
      resolve(socket)
    })
  })
}
