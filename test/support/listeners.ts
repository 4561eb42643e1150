import { after, describe } from 'node:test'
import type { ServeOptions } from '../../src/index.ts'
import { FrameClient } from './frames.ts'
import type { RawClient, RawReply } from './raw.ts'
import { connectSecurely, openListener, startSecure, type Secured } from './secure.ts'

/** As on 8008, 8443 and 8448. */
const listeners = [
  { name: 'plain', port: 0 },
  { name: 'TLS', port: 0, tls: true },
  { name: 'second TLS', port: 0, tls: true },
]

/** One listener of a server with several, for a suite that must pass on each. */
export interface EachListener {
  readonly isSecure: boolean
  readonly started: Secured
  readonly port: number
  /** The `Host` line that names the listener. */
  readonly hostLine: string
  open(): Promise<RawClient>
  /** Opens a connection for HTTP/2, by ALPN where the listener has TLS. */
  openFrames(): Promise<FrameClient>
  /** Sends one message on a new connection and returns the first final reply. */
  ask(message: string, method?: string): Promise<RawReply>
  /** Sends a GET with these header lines on a new connection, which the reply closes. */
  get(target: string, lines?: readonly string[]): Promise<RawReply>
}

/** Starts one server with a plain listener and two under TLS, and declares the tests of a suite for each of them. */
export async function onEachListener(
  files: Readonly<Record<string, string | Uint8Array>>,
  options: ServeOptions,
  declare: (listener: EachListener) => void,
): Promise<Secured> {
  const started = await startSecure(files, { ...options, listeners })
  after(() => started[Symbol.asyncDispose]())
  for (const { name, protocol, port } of started.server.listeners.list()) {
    const open = (): Promise<RawClient> => openListener(started, name)
    const isSecure = protocol === 'https'
    const openFrames = async (): Promise<FrameClient> =>
      isSecure
        ? FrameClient.over(await connectSecurely({ tlsPort: port, ca: started.ca }, { ALPNProtocols: ['h2'] }))
        : FrameClient.open(port)
    const ask = async (message: string, method?: string): Promise<RawReply> => {
      using client = await open()
      return await client.send(message).reply(method)
    }
    const hostLine = `Host: localhost:${port}`
    const get: EachListener['get'] = (target, lines = []) =>
      ask(`${[`GET ${target} HTTP/1.1`, hostLine, 'Connection: close', ...lines].join('\r\n')}\r\n\r\n`)
    describe(`the ${name} listener`, () => declare({ isSecure, started, port, hostLine, open, openFrames, ask, get }))
  }
  return started
}
