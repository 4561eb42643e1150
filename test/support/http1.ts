import type { Socket } from 'node:net'
import { usualLimits } from '../../src/config/options/limits.ts'
import type { Sink } from '../../src/http/message/reply.ts'
import { createHttp1Transport } from '../../src/proxy/h1/transport.ts'
import type {
  Transport,
  TransportOptions,
  UpstreamLimits,
  UpstreamReply,
  UpstreamRequest,
} from '../../src/proxy/types.ts'
import { patientTimeouts, requestOf, upstreamAt } from './upstream.ts'

/** An HTTP/1.1 transport to an upstream on the loopback address. */
export function transportTo(
  port: number,
  {
    most = 100,
    limits,
    ...facts
  }: Partial<Omit<TransportOptions, 'limits'>> & {
    readonly most?: number
    readonly limits?: Partial<UpstreamLimits>
  } = {},
): Transport & AsyncDisposable {
  const transport = createHttp1Transport({
    upstream: upstreamAt(port),
    timeouts: patientTimeouts,
    tls: { verify: true },
    limits: { ...usualLimits, replyHeaderBytes: 65_536, upstreamConnections: most, ...limits },
    ...facts,
  })
  return { ...transport, [Symbol.asyncDispose]: () => transport.close() }
}

/** A request whose client leaves when the test says so. `followers` counts the callbacks that remain. */
export function leavingRequest(facts: Partial<UpstreamRequest> = {}): {
  request: UpstreamRequest
  leave: () => void
  followers: () => number
} {
  const followers = new Set<() => void>()
  const request = requestOf({
    ...facts,
    whenGone: (callback) => {
      followers.add(callback)
      return () => followers.delete(callback)
    },
  })
  return { request, leave: () => followers.forEach((each) => each()), followers: () => followers.size }
}

/** The content of a reply as text, read by a sink that takes everything at once. */
export async function contentOf({ body }: UpstreamReply): Promise<string> {
  if (body === null) return ''
  if (body instanceof Uint8Array) return Buffer.from(body).toString('latin1')
  let text = ''
  const sink: Sink = { write: (chunk) => void (text += Buffer.from(chunk).toString('latin1')) }
  await body.pull(sink, new AbortController().signal)
  return text
}

/** Calls back with the start line of each request on a connection; requests have no content, or a length. */
export function eachRequest(socket: Socket, answer: (line: string, content: string) => void): void {
  let text = ''
  socket.on('data', (bytes: Buffer) => {
    text += bytes.toString('latin1')
    for (;;) {
      const head = /^([^\r]*)\r\n[^]*?\r\n\r\n/.exec(text)
      if (head === null) return
      const end = head[0].length + Number(/^content-length: (\d+)/im.exec(head[0])?.[1] ?? 0)
      if (text.length < end) return
      const content = text.slice(head[0].length, end)
      text = text.slice(end)
      answer(head[1] as string, content)
    }
  })
}

/** A response with this content. */
export function ok(content: string, ...fields: readonly string[]): string {
  return ['HTTP/1.1 200 OK', `Content-Length: ${content.length}`, ...fields, '', content].join('\r\n')
}
