import { connect, isIP, type Socket } from 'node:net'
import { networkInterfaces } from 'node:os'
import { connect as connectTls, type ConnectionOptions, type TLSSocket } from 'node:tls'
import { ServeError } from '../../core/serve-error.ts'
import { formatHost, isLoopback, unbracketed, unmapped } from '../../core/util/ip.ts'
import { printable } from '../../core/util/sanitize.ts'
import type { VerifyOptions } from './types.ts'

/** The server that is tested. */
export interface TestedServer {
  /** Host of the URL, IPv6 without brackets. */
  readonly hostname: string
  /** What an ordinary client sends as `Host`. */
  readonly authority: string
  /** Whether the URL says `https`. */
  readonly isSecure: boolean
  /** Path and query of the URL. */
  readonly path: string
  /** The address that is connected to; the path of a unix socket. */
  readonly address: string
  /** The port; 0 for a unix socket. */
  readonly port: number
  /** Whether it is on this machine. */
  readonly isOwn: boolean
  /** Milliseconds that a request which is sent now may take: fewer at the end of the time for the whole test. */
  readonly timeoutMs: number
  /** Whether the time for the whole test is over. */
  readonly isOver: boolean
  connect(): Socket
  /** A connection under TLS, whose certificate is not judged. */
  connectTls(options?: ConnectionOptions): TLSSocket
}

/** Where a URL leads on this machine. */
export interface Reached {
  /** One, or one of each family: they may be different servers. */
  readonly endpoints: readonly [TestedServer, ...TestedServer[]]
  /** Addresses of the host at which nothing listens. */
  readonly closed: readonly string[]
}

/** Milliseconds that each request may take, unless the options say otherwise. */
const defaultTimeoutMs = 3000

/** Milliseconds that all requests may take together, unless the options say otherwise. */
export const defaultTotalMs = 60_000

/** A server that speaks old versions of TLS alone is tested too. OpenSSL refuses those by itself. */
const anyVersion: ConnectionOptions = { minVersion: 'TLSv1', ciphers: 'DEFAULT:@SECLEVEL=0' }

/** The address without a host, as `serve8008 verify 8008` takes it, and that with one but without a scheme. */
const bareAddress = /^(?:\d{1,5}$|[^/:]+:\d{1,5}(?:\/|$)|\[[\da-f:.]+\]|localhost\b)/i

/**
 * Reads where to connect, and refuses what is not this machine. `localhost` and the names below it are the loopback without a
 * DNS query (RFC 6761 section 6.3); another name is looked up, and nothing else leaves the machine.
 *
 * Of each family the first address that accepts connections is tested: `localhost` may be one server over IPv4 and another
 * over IPv6.
 *
 * @param target URL, `host:port`, port, or `unix:/path`
 * @throws ServeError `E8008_USAGE` for what is no address, `E8008_NOT_LOCAL` for another machine, `E8008_NOT_RUNNING` where
 *   nothing listens
 */
export async function openEndpoints(target: string, options: VerifyOptions): Promise<Reached> {
  const { host, address, timeoutMs = defaultTimeoutMs, totalMs = defaultTotalMs } = options
  const isSocket = target.startsWith('unix:')
  const url = readUrl(isSocket ? 'http://localhost/' : target, target)
  const hostname = unbracketed(url.hostname)
  const path = `${url.pathname}${url.search}`
  const socketPath = isSocket ? target.slice('unix:'.length) : address?.startsWith('/') === true ? address : undefined
  const port = socketPath === undefined ? Number(url.port) || (url.protocol === 'https:' ? 443 : 80) : 0
  const found = socketPath === undefined ? await allowedAddresses(hostname, host, address) : [socketPath]
  const accepting = await thoseThatAccept(found, port, timeoutMs)
  const tested = accepting.filter((each, i) => accepting.findIndex((other) => isIP(other) === isIP(each)) === i)
  // A server of one family that hangs leaves time for that of the other.
  const begin = performance.now()
  const ends = tested.map((_each, i) => begin + (totalMs * (i + 1)) / tested.length)
  const [first, ...others] = tested.map((reached, i): TestedServer => {
    const open = (): Socket => dial(reached, port)
    const leftMs = (): number => Math.max(0, Math.floor((ends[i] as number) - performance.now()))
    return {
      hostname,
      authority: url.host,
      isSecure: url.protocol === 'https:',
      path,
      address: reached,
      port,
      isOwn: socketPath !== undefined || isOwnAddress(reached),
      get timeoutMs() {
        return Math.min(timeoutMs, leftMs())
      },
      get isOver() {
        return leftMs() === 0
      },
      connect: open,
      connectTls: (more = {}) => {
        const name = isIP(hostname) === 0 ? { servername: hostname } : {}
        return connectTls({ socket: open(), rejectUnauthorized: false, ...anyVersion, ...name, ...more })
      },
    }
  })
  if (first === undefined) throw nothingListens(url, port, socketPath)
  return { endpoints: [first, ...others], closed: found.filter((each) => !accepting.includes(each)) }
}

function readUrl(text: string, shown: string): URL {
  const whole = /^\d+$/.test(text) ? `localhost:${text}` : text
  const url = URL.canParse(bareAddress.test(text) ? `http://${whole}` : text)
    ? new URL(bareAddress.test(text) ? `http://${whole}` : text)
    : undefined
  // Port 0 is none, and would be read as the default port of the scheme.
  if (url !== undefined && /^https?:$/.test(url.protocol) && url.hostname !== '' && url.port !== '0') return url
  throw new ServeError('E8008_USAGE', `${printable(shown, 200)} is neither a URL with http or https nor a port.`, {
    hint: 'serve8008 verify http://localhost:8008/',
  })
}

/** The addresses of the host that may be connected to. */
async function allowedAddresses(
  hostname: string,
  allowed: string | undefined,
  address: string | undefined,
): Promise<readonly string[]> {
  const found = address === undefined ? await addressesOf(hostname) : [unbracketed(address)]
  if (allowed !== undefined && unbracketed(allowed).toLowerCase() === hostname.toLowerCase()) return found
  const own = found.filter(isOwnAddress)
  if (own.length > 0) return own
  const shown = printable(address ?? hostname, 255)
  const why = found.length === 0 ? 'has no address here' : 'is not this machine'
  throw new ServeError('E8008_NOT_LOCAL', `${shown} ${why}, and only servers of this machine are tested.`, {
    hint: `add --host ${formatHost(shown)} to test exactly this host, if it is yours`,
  })
}

async function addressesOf(hostname: string): Promise<string[]> {
  if (/^(?:.+\.)?localhost\.?$/i.test(hostname)) return ['127.0.0.1', '::1']
  if (isIP(hostname) !== 0) return [hostname]
  const { lookup } = await import('node:dns/promises')
  const found = await lookup(hostname, { all: true }).catch(() => [])
  return [...new Set(found.map((each) => each.address))]
}

/** Whether an address is one of this machine, by its interfaces. The unspecified address connects to this machine. */
function isOwnAddress(address: string): boolean {
  const plain = unmapped(address).replace(/%.*$/, '').toLowerCase()
  if (isLoopback(plain) || plain === '0.0.0.0' || plain === '::') return true
  const own = Object.values(networkInterfaces()).flatMap((entries) => entries ?? [])
  return own.some((each) => each.address.toLowerCase() === plain)
}

function dial(address: string, port: number): Socket {
  const socket = port === 0 ? connect(address) : connect(port, address)
  // Its user looks at `close`.
  return socket.on('error', () => {})
}

async function thoseThatAccept(addresses: readonly string[], port: number, timeoutMs: number): Promise<string[]> {
  const accepted = await Promise.all(
    addresses.map(
      (address) =>
        new Promise<boolean>((resolve) => {
          const socket = dial(address, port)
          socket.setTimeout(timeoutMs, () => socket.destroy())
          socket.once('connect', () => (resolve(true), socket.destroy()))
          socket.once('close', () => resolve(false))
        }),
    ),
  )
  return addresses.filter((_address, i) => accepted[i])
}

function nothingListens(url: URL, port: number, socketPath: string | undefined): ServeError {
  const where = socketPath === undefined ? `port ${port} of ${unbracketed(url.hostname)}` : socketPath
  return new ServeError('E8008_NOT_RUNNING', `Nothing listens on ${printable(where, 300)}.`, {
    hint: 'start the server first, or test the one of this folder: serve8008 verify',
  })
}
