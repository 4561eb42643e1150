import { connect as connectPlain } from 'node:net'
import { StringDecoder } from 'node:string_decoder'

/** A request to a control endpoint of a server of this machine. */
export interface ControlRequest {
  /** Its URL. */
  readonly address: URL
  /** The IP address to connect to; by default what the host of the URL means. */
  readonly loopback?: string | undefined
  readonly method: 'GET' | 'POST'
  readonly headers: Readonly<Record<string, string>>
  readonly content?: string
  /** Milliseconds without a byte of the header section. */
  readonly timeoutMs: number
  /** Ends the connection. */
  readonly signal?: AbortSignal
}

/** The answer to a {@link ControlRequest}. */
export interface ControlAnswer {
  readonly status: number
  /** The content as it comes. It ends when the server ends the connection. */
  readonly content: AsyncIterable<string>
}

/**
 * Asks a server of this machine. Under TLS its certificate is not verified: like the address it is known from a file that
 * only the user can write, and on the loopback plain HTTP is as good. HTTP/1.0, so that the content is not in chunks.
 *
 * @throws Error where the server does not answer
 */
export async function askControl(request: ControlRequest): Promise<ControlAnswer> {
  const { address, loopback, method, headers, content = '', timeoutMs, signal } = request
  const isSecure = address.protocol === 'https:'
  const host = loopback ?? address.hostname.replace(/^\[|\]$/g, '')
  const to = { host, port: Number(address.port || (isSecure ? 443 : 80)) }
  // Loaded for servers that speak HTTPS alone.
  const socket = isSecure
    ? (await import('node:tls')).connect({ ...to, ALPNProtocols: ['http/1.1'], rejectUnauthorized: false })
    : connectPlain(to)
  const fields = { Host: address.host, ...headers, 'Content-Length': Buffer.byteLength(content), Connection: 'close' }
  const lines = Object.entries(fields).map(([name, value]) => `${name}: ${value}\r\n`)
  const end = (): void => void socket.destroy()
  signal?.addEventListener('abort', end, { once: true })
  socket.setTimeout(timeoutMs, () => socket.destroy(new Error('timed out')))
  socket.write(`${method} ${address.pathname}${address.search} HTTP/1.0\r\n${lines.join('')}\r\n${content}`)
  const decoder = new StringDecoder('utf8')
  const chunks = (socket as AsyncIterable<Buffer>)[Symbol.asyncIterator]()
  let head = ''
  while (!head.includes('\r\n\r\n')) {
    const { value, done } = await chunks.next()
    if (done === true) throw new Error('the connection ended')
    head += decoder.write(value)
  }
  socket.setTimeout(0)
  const start = head.indexOf('\r\n\r\n') + 4
  const status = Number(head.split(' ')[1])

  async function* rest(): AsyncGenerator<string> {
    yield head.slice(start)
    try {
      for (;;) {
        const { value, done } = await chunks.next()
        if (done === true) return
        yield decoder.write(value)
      }
    } catch {
      // A process that was killed resets its connections: that is their end too.
    } finally {
      signal?.removeEventListener('abort', end)
    }
  }

  return { status, content: rest() }
}
