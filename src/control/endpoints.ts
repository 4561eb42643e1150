import { readFileSync } from 'node:fs'
import type { WebSocket } from 'ws'
import { ServeError } from '../core/serve-error.ts'
import type { Exchange, Handler, Layer } from '../http/message/exchange.ts'
import type { Reply } from '../http/message/reply.ts'
import { hasOwnOrigin, isSameOrigin } from './origin.ts'
import type { Session } from '../live/protocol.ts'
import { hexHash } from '../core/util/hash.ts'

/** Most bytes of a list of paths in a `POST` to `reload`. */
const listBytes = 256 * 1024

/** What {@link createEndpoints} needs. */
export interface EndpointsOptions {
  /** Path prefix of the endpoints, `<base>__serve8008/`. */
  readonly prefix: string
  /** Whether the server is closing. Its pages then get a 503 and try again: another server may start on this port. */
  readonly isEnding: () => boolean
  /** The token that proves that a client can read pages of this server, or got it from the program. */
  readonly token: () => string
  readonly settings: Omit<Session, 'token' | 'socket' | 'time'>
  readonly isFull: () => boolean
  readonly admit: (socket: WebSocket) => void
  /** Updates the pages that use these files, or reloads every page. Returns the number of pages. */
  readonly reload: (paths: readonly string[] | undefined) => number
}

/** The endpoints of live reload. */
export interface Endpoints {
  /** Path of the client script, with its version as the query. */
  readonly script: string
  /** Endpoints that ask for the token. They come before the password: only a client that has passed it got the token. */
  readonly tokenEndpoints: Layer
  /** The client script, and the session, which gives pages of this server the token. */
  readonly publicEndpoints: Layer
}

/** Makes the endpoints below the prefix. */
export function createEndpoints(options: EndpointsOptions): Endpoints {
  const { prefix, isEnding } = options
  const script = `${prefix}live.js`

  /** Makes a layer that answers these endpoints and passes every other request on. */
  function endpointLayer(handlers: Readonly<Record<string, (x: Exchange) => Reply | Promise<Reply>>>): Layer {
    return (next: Handler) => (x) => {
      const { path } = x.target
      if (!path.startsWith(prefix)) return next(x)
      const name = path.slice(prefix.length)
      if (!Object.hasOwn(handlers, name)) return next(x)
      x.notes.own = true
      if (isEnding()) throw new ServeError('E8008_BUSY', 'The server is closing.', { close: true })
      return (handlers[name] as Handler)(x)
    }
  }

  async function socket(x: Exchange): Promise<Reply> {
    allowMethods(x, ['GET'])
    const { acceptWebSocket } = await import('../live/handshake.ts')
    // Browsers let a page of any origin open a WebSocket to any server, so the server checks the origin.
    if (!hasOwnOrigin(x)) throw forbidden('Only pages of this server may open this WebSocket.')
    if (!isToken(new URLSearchParams(x.target.query).get('token'))) throw forbidden('The token is wrong.')
    if (options.isFull())
      throw new ServeError('E8008_BUSY', 'Too many pages with live reload are open.', {
        hint: 'close some of them, or raise limits.livePages',
      })
    return acceptWebSocket(x, options.admit)
  }

  async function reload(x: Exchange): Promise<Reply> {
    allowMethods(x, ['POST'])
    if (!isSameOrigin(x)) throw forbidden('Only pages of this server, and programs with its token, may reload pages.')
    if (!isToken(x.headers.get('x-serve8008-token'))) {
      throw forbidden('X-Serve8008-Token is missing or wrong.')
    }
    const pages = options.reload(await pathList(x))
    return json({ pages })
  }

  function session(x: Exchange): Reply {
    allowMethods(x, ['GET', 'HEAD'])
    // A page of another origin can send this field only after a CORS preflight, and then its `Origin` is refused.
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
    tokenEndpoints: endpointLayer({ socket, reload }),
    publicEndpoints: endpointLayer({ session, 'live.js': scriptReply }),
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

/** Reads `{"paths": […]}`. Undefined without content, for every page. An empty list updates no page. */
async function pathList(x: Exchange): Promise<readonly string[] | undefined> {
  if (!x.body.expected) return undefined
  const chunks: Buffer[] = []
  let length = 0
  for await (const chunk of x.body.stream()) {
    length += (chunk as Buffer).length
    if (length > listBytes)
      throw new ServeError('E8008_BODY_TOO_LARGE', `The list of paths is longer than ${listBytes} bytes.`, {
        close: true,
      })
    chunks.push(chunk as Buffer)
  }
  const paths = parsePaths(Buffer.concat(chunks).toString())
  if (paths !== undefined) return paths
  throw new ServeError('E8008_BODY_INVALID', 'The content is not JSON with a list of paths.', {
    hint: 'send {"paths":["/absolute/path/app.css"]}, or no content to reload every page',
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
  throw new ServeError('E8008_METHOD', `The method must be one of: ${methods.join(', ')}.`, {
    headers: ['Allow', methods.join(', ')],
  })
}

function forbidden(message: string): ServeError {
  return new ServeError('E8008_FORBIDDEN', message)
}

/** Compares in constant time: how long it takes does not depend on how many characters are right. */
function isEqualToken(given: string, wanted: string): boolean {
  let difference = given.length ^ wanted.length
  for (let i = 0; i < wanted.length; i++) difference |= given.charCodeAt(i) ^ wanted.charCodeAt(i)
  return difference === 0
}

/** The client script. */
interface ClientScript {
  readonly content: Buffer
  /** Hash of the content. It is part of the URL, so browsers may cache the script for ever. */
  readonly version: string
}

// Source and built files both lie two folders below the package root.
const file = new URL('../../dist/client/live.js', import.meta.url)
let script: ClientScript | undefined

/** Reads the client script, once in a process. */
function clientScript(): ClientScript {
  if (script === undefined) {
    const content = readFileSync(file)
    script = { content, version: hexHash(content.toString('latin1')) }
  }
  return script
}
