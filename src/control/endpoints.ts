import { ServeError } from '../core/serve-error.ts'
import type { Exchange, Handler, Layer } from '../http/message/exchange.ts'
import type { Reply } from '../http/message/reply.ts'
import type { Session } from '../live/protocol.ts'
import { hasOwnOrigin, isSameOrigin } from '../http/message/origin.ts'

/** Most bytes of a list of paths in a `POST` to `reload`. */
const listBytes = 256 * 1024

/** What the endpoints act on: live reload's part of them. */
export interface LiveControl {
  /** The client script, and the hash of its content. It is part of the URL, so browsers may cache the script for ever. */
  readonly script: { readonly content: Uint8Array; readonly version: string }
  readonly settings: Omit<Session, 'token' | 'socket' | 'time'>
  readonly isFull: () => boolean
  /** Answers the WebSocket handshake of a page. */
  readonly connect: (x: Exchange) => Promise<Reply>
  /** Updates the pages that use these files, or reloads every page. Returns the number of pages. */
  readonly reload: (paths: readonly string[] | undefined) => number
}

/** What {@link createEndpoints} needs. */
export interface EndpointsOptions {
  /** Path prefix of the endpoints, `<base>__serve8008/`. */
  readonly prefix: string
  /** Whether the server is closing. Its pages then get a 503 and try again: another server may start on this port. */
  readonly isEnding: () => boolean
  /** The token that proves that a client can read pages of this server, or got it from the program. */
  readonly token: () => string
  readonly live: LiveControl
}

/** The endpoints, as layers that pass every other request on. */
export interface Endpoints {
  /** Endpoints that ask for the token. They come before the password: only a client that has passed it got the token. */
  readonly tokenEndpoints: Layer
  /** The client script, and the session, which gives pages of this server the token. */
  readonly publicEndpoints: Layer
}

/** Makes the endpoints below the prefix. */
export function createEndpoints(options: EndpointsOptions): Endpoints {
  const { prefix, isEnding, live } = options

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
    // Browsers let a page of any origin open a WebSocket to any server, so the server checks the origin.
    if (!hasOwnOrigin(x)) throw forbidden('Only pages of this server may open this WebSocket.')
    if (!isToken(new URLSearchParams(x.target.query).get('token'))) throw forbidden('The token is wrong.')
    if (live.isFull())
      throw new ServeError('E8008_BUSY', 'Too many pages with live reload are open.', {
        hint: 'close some of them, or raise limits.livePages',
      })
    return live.connect(x)
  }

  async function reload(x: Exchange): Promise<Reply> {
    allowMethods(x, ['POST'])
    if (!isSameOrigin(x)) throw forbidden('Only pages of this server, and programs with its token, may reload pages.')
    if (!isToken(x.headers.get('x-serve8008-token'))) {
      throw forbidden('X-Serve8008-Token is missing or wrong.')
    }
    return jsonReply({ pages: live.reload(await pathList(x)) })
  }

  function session(x: Exchange): Reply {
    allowMethods(x, ['GET', 'HEAD'])
    // A page of another origin can send this field only after a CORS preflight, and then its `Origin` is refused.
    if (x.headers.get('x-serve8008') !== 'live' || !isSameOrigin(x)) {
      throw forbidden('Only pages of this server get a token.')
    }
    return jsonReply({
      ...live.settings,
      token: options.token(),
      socket: `${x.notes.mount ?? ''}${prefix}socket`,
      time: Date.now(),
    } satisfies Session)
  }

  function script(x: Exchange): Reply {
    allowMethods(x, ['GET', 'HEAD'])
    const { content, version } = live.script
    const isVersioned = new URLSearchParams(x.target.query).get('v') === version
    const cacheControl = isVersioned ? 'max-age=31536000, immutable' : 'no-cache'
    const headers = ownFields('text/javascript; charset=utf-8', cacheControl)
    return { status: 200, headers, body: content, validators: { etag: `"${version}"` } }
  }

  function isToken(given: string | null | undefined): boolean {
    return typeof given === 'string' && isEqualToken(given, options.token())
  }

  return {
    tokenEndpoints: endpointLayer({ socket, reload }),
    publicEndpoints: endpointLayer({ session, 'live.js': script }),
  }
}

export function jsonReply(value: unknown): Reply {
  return { status: 200, headers: ownFields('application/json', 'no-store'), body: Buffer.from(JSON.stringify(value)) }
}

export function ownFields(type: string, cacheControl: string): string[] {
  return [
    'Content-Type',
    type,
    'X-Content-Type-Options',
    'nosniff',
    'Cross-Origin-Resource-Policy',
    'same-origin',
    'Cache-Control',
    cacheControl,
  ]
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

export function allowMethods(x: Exchange, methods: readonly string[]): void {
  if (methods.includes(x.method)) return
  throw new ServeError('E8008_METHOD', `The method must be one of: ${methods.join(', ')}.`, {
    headers: ['Allow', methods.join(', ')],
  })
}

export function forbidden(message: string): ServeError {
  return new ServeError('E8008_FORBIDDEN', message)
}

/** Compares in constant time: how long it takes does not depend on how many characters are right. */
export function isEqualToken(given: string, wanted: string): boolean {
  let difference = given.length ^ wanted.length
  for (let i = 0; i < wanted.length; i++) difference |= given.charCodeAt(i) ^ wanted.charCodeAt(i)
  return difference === 0
}
