import { connect } from 'node:tls'

/** An answer, as much of it as a command looks at. */
export interface SecureAnswer {
  readonly status: number
  readonly text: string
}

/**
 * Sends one POST to a server of this machine under TLS. Its certificate is not verified: like the address it is known from
 * a file that only the user can write, and on the loopback plain HTTP is as good.
 */
export function askSecurely(
  address: URL,
  headers: Readonly<Record<string, string>>,
  content: string,
  timeoutMs: number,
): Promise<SecureAnswer> {
  return new Promise((resolve, reject) => {
    const socket = connect({
      host: address.hostname.replace(/^\[|\]$/g, ''),
      port: Number(address.port || 443),
      ALPNProtocols: ['http/1.1'],
      rejectUnauthorized: false,
    })
    let received = ''
    const fields = { Host: address.host, ...headers, 'Content-Length': Buffer.byteLength(content), Connection: 'close' }
    const lines = Object.entries(fields).map(([name, value]) => `${name}: ${value}\r\n`)
    socket.setEncoding('utf8')
    socket.setTimeout(timeoutMs, () => socket.destroy(new Error('timed out')))
    socket.on('error', reject)
    socket.on('data', (text: string) => {
      received += text
    })
    socket.on('end', () => {
      const [head = '', ...rest] = received.split('\r\n\r\n')
      resolve({ status: Number(head.split(' ')[1]), text: rest.join('\r\n\r\n') })
    })
    socket.write(`POST ${address.pathname} HTTP/1.1\r\n${lines.join('')}\r\n${content}`)
  })
}
