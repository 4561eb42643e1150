import type { Duplex } from 'node:stream'
import { once } from 'node:events'
import type { ConnectionOptions, TLSSocket } from 'node:tls'
import type { TestedServer } from './endpoint.ts'
import { sendHttp1, type Received } from './http1.ts'
import { sendHttp2, speaksHttp2 } from './http2.ts'

/** A way to speak HTTP with the server: each is tested, since each may have checks of its own. */
export interface Wire {
  /** `HTTP/1.1`, `HTTP/2`, or one of them `over TLS`. */
  readonly name: string
  readonly version: '1.1' | '2'
  readonly isTls: boolean
  open(): Duplex
}

/** A request in terms of every version of HTTP. */
export interface Request {
  /** Default GET. */
  readonly method?: string
  /** Default: the path of the URL. */
  readonly target?: string
  /** Value of `Host` or `:authority`. Default: that of the URL. */
  readonly authority?: string
  /** Further fields, each as name and value. */
  readonly fields?: readonly (readonly [name: string, value: string])[]
  /** Whether to read no content. */
  readonly headOnly?: boolean
}

/** How a server can be spoken to, and what else it shows. */
export interface Spoken {
  /** The first is the one of the URL where the server speaks it. */
  readonly wires: readonly Wire[]
  /** Whether it let the time of the first requests pass without a byte. */
  readonly isSilent: boolean
  /** Whether it finishes a TLS handshake. */
  readonly isTls: boolean
}

/** Tries HTTP/1.1 and HTTP/2, with TLS and without. */
export async function findWires(endpoint: TestedServer): Promise<Spoken> {
  const { timeoutMs } = endpoint
  const wire = (version: Wire['version'], isTls: boolean): Wire => ({
    name: `HTTP/${version}${isTls ? ' over TLS' : ''}`,
    version,
    isTls,
    open: isTls
      ? () => endpoint.connectTls({ ALPNProtocols: [version === '2' ? 'h2' : 'http/1.1'] })
      : () => endpoint.connect(),
  })
  const [plain, secure, secure2] = [wire('1.1', false), wire('1.1', true), wire('2', true)]
  const [answer, isPlain2, protocol] = await Promise.all([
    ask(endpoint, plain, {}),
    speaksHttp2(endpoint.connect(), timeoutMs),
    negotiated(endpoint, { ALPNProtocols: ['h2', 'http/1.1'] }),
  ])
  const isTls = protocol !== undefined
  const secureAnswer = isTls ? await ask(endpoint, secure, {}) : undefined
  const { status = 0 } = answer
  // A TLS server may answer plain requests by a 400 that says so. It serves nothing there.
  const clear = [...(status > 0 && !(isTls && status === 400) ? [plain] : []), ...(isPlain2 ? [wire('2', false)] : [])]
  const encrypted = [...(secureAnswer?.status === undefined ? [] : [secure]), ...(protocol === 'h2' ? [secure2] : [])]
  // Where plain requests are only redirected, TLS is what serves.
  const isSecureFirst = endpoint.isSecure || (status >= 300 && status < 400 && encrypted.length > 0)
  return {
    wires: isSecureFirst ? [...encrypted, ...clear] : [...clear, ...encrypted],
    isSilent: answer.isLate && !isPlain2 && !isTls,
    isTls,
  }
}

/** Finishes a handshake: the protocol that ALPN chose, empty for none; undefined where there is no TLS. */
async function negotiated(endpoint: TestedServer, options: ConnectionOptions): Promise<string | undefined> {
  const socket = await finishHandshake(endpoint, options)
  const protocol = socket?.alpnProtocol
  socket?.destroy()
  return socket === undefined ? undefined : protocol === false || protocol === null ? '' : protocol
}

/** A TLS connection whose handshake is finished; undefined where that fails or takes too long. */
export async function finishHandshake(
  endpoint: TestedServer,
  options: ConnectionOptions,
): Promise<TLSSocket | undefined> {
  let socket: TLSSocket
  try {
    socket = endpoint.connectTls(options)
  } catch {
    // OpenSSL here does not know the version or the ciphers.
    return undefined
  }
  const raced = new AbortController()
  const timer = setTimeout(() => socket.destroy(), endpoint.timeoutMs)
  socket.on('error', () => {})
  const { signal } = raced
  try {
    await Promise.race([
      once(socket, 'secureConnect', { signal }),
      new Promise((_resolve, reject) => socket.once('close', () => reject(new Error('closed')))),
    ])
    return socket
  } catch {
    socket.destroy()
    return undefined
  } finally {
    clearTimeout(timer)
    raced.abort()
  }
}

/** Sends a request as the version of the wire writes it. */
export function ask(endpoint: TestedServer, wire: Wire, request: Request): Promise<Received> {
  const { authority, path, timeoutMs } = endpoint
  const { method = 'GET', target = path, fields = [], headOnly = false } = request
  const host = request.authority ?? authority
  if (wire.version === '1.1') {
    const hasConnection = fields.some(([name]) => name.toLowerCase() === 'connection')
    const all = [['Host', host], ...fields, ...(hasConnection ? [] : [['Connection', 'close']])]
    const lines = all.map(([name, value]) => `${name}: ${value}\r\n`).join('')
    return sendHttp1(wire.open(), `${method} ${target} HTTP/1.1\r\n${lines}\r\n`, { timeoutMs, headOnly })
  }
  const pseudo = {
    ':method': method,
    ':scheme': wire.isTls ? 'https' : 'http',
    ':authority': host,
    ':path': target,
  }
  const rest = Object.fromEntries(fields.map(([name, value]) => [name.toLowerCase(), value]))
  return sendHttp2(wire.open(), { ...pseudo, ...rest }, { timeoutMs, headOnly })
}

/** A request as one line. */
export function requestLine(endpoint: TestedServer, wire: Wire, request: Request): string {
  const { method = 'GET', target = endpoint.path, authority, fields = [] } = request
  const host = authority === undefined ? [] : [wire.version === '2' ? `:authority: ${authority}` : `Host: ${authority}`]
  const given = fields.map(([name, value]) => `${name}: ${value}`)
  return [`${method} ${target} ${wire.name}`, ...host, ...given].join(', ')
}

/** Requests at once: some servers let only five connections wait, and the system drops what comes on top. */
export const atOnce = 6
