import { ServeError } from '../../core/serve-error.ts'
import type { Exchange } from '../../http/message/exchange.ts'

const versions: ReadonlySet<string> = new Set(['1.0', '1.1', '2'])

/**
 * Checks that the end of the message is unambiguous (RFC 9112 sections 2.3, 6 and 7). The parser of Node checks most of
 * this, but accepts messages that an upstream would read differently, and its strictness varies between releases. So
 * every rule is applied to the fields as received.
 *
 * @throws ServeError that closes the connection.
 */
export function checkFraming(x: Exchange): void {
  if (!versions.has(x.version)) {
    // From the node:http2 of an embedding program, or `GET / HTTP/2.0`.
    if (x.version === '2.0') {
      throw new ServeError(
        'E8008_HTTP_VERSION',
        'The handler does not support node:http2; HTTP/2 needs a port of serve8008.',
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
      if (length !== undefined) throw framing('The message has more than one Content-Length field.')
      length = raw[2 * i + 1] as string
    } else if (name === 'transfer-encoding') {
      if (coding !== undefined) throw framing('The message has more than one Transfer-Encoding field.')
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
  if (hasLength) throw framing('The message has both Content-Length and Transfer-Encoding.')
  // RFC 9112 section 6.1: HTTP/1.0 has no transfer codings, so an intermediary may have ignored it. HTTP/2 has none.
  if (version !== '1.1') throw framing(`HTTP/${version} has no transfer codings.`)
  const lower = coding.toLowerCase()
  if (lower === 'chunked') return
  if (/^[a-z]+(?:\s*,\s*[a-z]+)*\s*,\s*chunked$/.test(lower) && !/chunked\s*,/.test(lower)) {
    throw new ServeError('E8008_NOT_IMPLEMENTED', 'The only supported transfer coding is chunked.', {
      close: true,
    })
  }
  throw framing('The last transfer coding must be chunked, and it must occur once.')
}

function framing(message: string): ServeError {
  return new ServeError('E8008_FRAMING', message, { close: true })
}
