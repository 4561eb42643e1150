import { ServeError } from '../../core/serve-error.ts'
import type { Exchange } from '../../http/message/exchange.ts'

const versions: ReadonlySet<string> = new Set(['1.0', '1.1', '2'])

/**
 * Whether the end of the message is beyond doubt (RFC 9112 sections 2.3, 6 and 7). Node's parser
 * checks much of this, but lets some pass that the next server would read differently, and its
 * strictness has changed between releases; so every rule is applied to the fields as they came.
 *
 * @throws ServeError that closes the connection.
 */
export function checkFraming(x: Exchange): void {
  if (!versions.has(x.version)) {
    // What node:http2 gives to a program that embeds us, or `GET / HTTP/2.0`.
    if (x.version === '2.0') {
      throw new ServeError(
        'E8008_HTTP_VERSION',
        'HTTP/2 is taken on a port of serve8008 alone, not through node:http2.',
        {
          hint: 'listen with tls: true, or answer with server.tryFetch(request)',
          close: true,
        },
      )
    }
    throw new ServeError('E8008_HTTP_VERSION', 'This server speaks HTTP/1.1 and HTTP/1.0.', { close: true })
  }
  const { names, raw } = x.headers
  let length: string | undefined
  let coding: string | undefined
  for (let i = 0; i < names.length; i++) {
    const name = names[i]
    if (name === 'content-length') {
      if (length !== undefined) throw framing('The message states its length twice.')
      length = raw[2 * i + 1] as string
    } else if (name === 'transfer-encoding') {
      if (coding !== undefined) throw framing('The message states its transfer coding twice.')
      coding = raw[2 * i + 1] as string
    }
  }
  if (length !== undefined) checkLength(length)
  if (coding !== undefined) checkCoding(coding, length !== undefined, x.version)
}

function checkLength(length: string): void {
  if (!/^\d{1,15}$/.test(length)) throw framing('Content-Length must be one decimal number.')
}

function checkCoding(coding: string, hasLength: boolean, version: string): void {
  if (hasLength) throw framing('The message states both a length and a transfer coding.')
  // RFC 9112 section 6.1: HTTP/1.0 has no transfer codings, so a relay in between ignored it. HTTP/2 has none either.
  if (version !== '1.1') throw framing(`HTTP/${version} has no transfer codings.`)
  const lower = coding.toLowerCase()
  if (lower === 'chunked') return
  if (/^[a-z]+(?:\s*,\s*[a-z]+)*\s*,\s*chunked$/.test(lower) && !/chunked\s*,/.test(lower)) {
    throw new ServeError('E8008_NOT_IMPLEMENTED', 'The only transfer coding understood here is chunked.', {
      close: true,
    })
  }
  throw framing('The transfer coding is not one that delimits the message.')
}

function framing(message: string): ServeError {
  return new ServeError('E8008_FRAMING', message, { close: true })
}
