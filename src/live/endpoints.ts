import { readFileSync } from 'node:fs'
import type { WebSocket } from 'ws'
import { ServeError } from '../core/serve-error.ts'
import type { Exchange, Handler, Layer } from '../http/message/exchange.ts'
import type { Reply } from '../http/message/reply.ts'
import { hasOwnOrigin, isSameOrigin } from './origin.ts'
import type { Session } from './protocol.ts'
import { hexHash } from '../core/util/hash.ts'

/** Bytes of a list of paths that another program may send. */
const listBytes = 256 * 1024

/** What {@link createEndpoints} needs. */
export interface EndpointsOptions {
  /** Path prefix of the endpoints, `<base>__serve8008/`. */
  readonly prefix: string
  /** Whether the server ends: pages are to come again, since another one may take its place. */
  readonly isEnding: () => boolean
  /** Proof that somebody may read our pages, or was given it by the program. */
  readonly token: () => string
  readonly settings: Omit<Session, 'token' | 'socket' | 'time'>
  readonly isFull: () => boolean
  readonly admit: (socket: WebSocket) => void
  /** Reloads what concerns these files, or every page; tells how many pages. */
  readonly reload: (paths: readonly string[] | undefined) => number
}

/** The addresses of live reload. */
export interface Endpoints {
  /** Path of the browser client, with its version. */
  readonly script: string
  /** Addresses that ask for the token: the password can stand behind them, since the token was given out behind it. */
  readonly tokenEndpoints: Layer
  /** The script, and the token for pages of ours. */
  readonly publicEndpoints: Layer
}

/** Makes the endpoints below the prefix. */
export function createEndpoints(options: EndpointsOptions): Endpoints {
  const { prefix, isEnding } = options
  const script = `${prefix}live.js`

  /** A layer for some addresses: what is not among them goes on. */
  function addresses(handlers: Readonly<Record<string, (x: Exchange) => Reply | Promise<Reply>>>): Layer {
    return (next: Handler) => (x) => {
      const { path } = x.target
      if (!path.startsWith(prefix)) return next(x)
      const name = path.slice(prefix.length)
      if (!Object.hasOwn(handlers, name)) return next(x)
      x.notes.own = true
      if (isEnding()) throw new ServeError('E8008_BUSY', 'The server is about to end.', { close: true })
      return (handlers[name] as Handler)(x)
    }
  }

  async function socket(x: Exchange): Promise<Reply> {
    allowMethods(x, ['GET'])
    const { acceptWebSocket } = await import('./handshake.ts')
    // A page of any origin may open a socket to anywhere, and the browser does not stop it: that is left to us.
    if (!hasOwnOrigin(x)) throw forbidden('Only pages of this server may open its socket.')
    if (!isToken(new URLSearchParams(x.target.query).get('token'))) throw forbidden('The token is not the right one.')
    if (options.isFull()) throw new ServeError('E8008_BUSY', 'Too many pages are open.', { hint: 'close some of them' })
    return acceptWebSocket(x, options.admit)
  }

  async function reload(x: Exchange): Promise<Reply> {
    allowMethods(x, ['POST'])
    if (!isSameOrigin(x)) throw forbidden('Pages of other origins may not do this.')
    if (!isToken(x.headers.get('x-serve8008-token'))) {
      throw forbidden('The token in X-Serve8008-Token is missing or not the right one.')
    }
    const pages = options.reload(await pathList(x))
    return json({ pages })
  }

  function session(x: Exchange): Reply {
    allowMethods(x, ['GET', 'HEAD'])
    // A page of another origin cannot send this field without asking first, and is never allowed to.
    if (x.headers.get('x-serve8008') !== 'live' || !isSameOrigin(x)) {
      throw forbidden('Only pages of this server get a token.')
    }
    const { token, settings } = options
    return json({ ...settings, token: token(), socket: `${prefix}socket`, time: Date.now() } satisfies Session)
  }

  function isToken(given: string | null | undefined): boolean {
    return typeof given === 'string' && isEqualToken(given, options.token())
  }

  return {
    script: `${script}?v=${clientScript().version}`,
    tokenEndpoints: addresses({ socket, reload }),
    publicEndpoints: addresses({ session, 'live.js': scriptReply }),
  }
}

function scriptReply(x: Exchange): Reply {
  allowMethods(x, ['GET', 'HEAD'])
  const { content, version } = clientScript()
  const isVersioned = new URLSearchParams(x.target.query).get('v') === version
  const headers = [
    'Content-Type',
    'text/javascript; charset=utf-8',
    'X-Content-Type-Options',
    'nosniff',
    'Cross-Origin-Resource-Policy',
    'same-origin',
    'Cache-Control',
    isVersioned ? 'max-age=31536000, immutable' : 'no-cache',
  ]
  return { status: 200, headers, body: content, validators: { etag: `"${version}"` } }
}

function json(value: unknown): Reply {
  const headers = [
    'Content-Type',
    'application/json',
    'X-Content-Type-Options',
    'nosniff',
    'Cross-Origin-Resource-Policy',
    'same-origin',
    'Cache-Control',
    'no-store',
  ]
  return { status: 200, headers, body: Buffer.from(JSON.stringify(value)) }
}

/** `{"paths": […]}`, or nothing at all for every page. An empty list concerns no page. */
async function pathList(x: Exchange): Promise<readonly string[] | undefined> {
  if (!x.body.expected) return undefined
  const chunks: Buffer[] = []
  let length = 0
  for await (const chunk of x.body.stream()) {
    length += (chunk as Buffer).length
    if (length > listBytes)
      throw new ServeError('E8008_BODY_TOO_LARGE', 'The list of paths is too long.', { close: true })
    chunks.push(chunk as Buffer)
  }
  const paths = parsePaths(Buffer.concat(chunks).toString())
  if (paths !== undefined) return paths
  throw new ServeError('E8008_BODY_INVALID', 'The content is not a list of paths.', {
    hint: 'send {"paths":["/absolute/path/app.css"]} or nothing',
  })
}

function parsePaths(text: string): string[] | undefined {
  try {
    const { paths } = JSON.parse(text) as { paths?: unknown }
    const isList = Array.isArray(paths) && paths.every((path) => typeof path === 'string')
    return isList ? (paths as string[]) : undefined
  } catch {
    return undefined
  }
}

function allowMethods(x: Exchange, methods: readonly string[]): void {
  if (methods.includes(x.method)) return
  throw new ServeError('E8008_METHOD', `This address does not answer to the method ${JSON.stringify(x.method)}.`, {
    headers: ['Allow', methods.join(', ')],
  })
}

function forbidden(message: string): ServeError {
  return new ServeError('E8008_FORBIDDEN', message)
}

/** Compares in a time that does not tell how much was right. */
function isEqualToken(given: string, wanted: string): boolean {
  let difference = given.length ^ wanted.length
  for (let i = 0; i < wanted.length; i++) difference |= given.charCodeAt(i) ^ wanted.charCodeAt(i)
  return difference === 0
}

/** The browser client, as it is sent. */
export interface ClientScript {
  readonly content: Buffer
  /** Changes with the content: part of the address, so that browsers may keep the script for good. */
  readonly version: string
}

// Source and built files both lie two folders below the package root.
const file = new URL('../../dist/client/live.js', import.meta.url)
let script: ClientScript | undefined

/** Reads the browser client, once in a process. */
export function clientScript(): ClientScript {
  if (script === undefined) {
    const content = readFileSync(file)
    script = { content, version: hexHash(content.toString('latin1')) }
  }
  return script
}
