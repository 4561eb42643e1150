import { ServeError } from '../../core/serve-error.ts'
import type { Exchange } from '../../http/message/exchange.ts'
import type { Reply } from '../../http/message/reply.ts'
import { clientFields, clientReply, type ClientReplyOptions } from '../response/response.ts'
import type { OutboundRequest, Upgrade } from '../types.ts'

/**
 * Asks an upstream to upgrade, for as long as the client is there and the server does not stop. An upgrade that was
 * accepted counts as under way until its connection closes.
 *
 * @throws UpstreamError, or ServeError 503 when the server stops
 */
export async function forwardUpgrade(
  x: Exchange,
  request: OutboundRequest,
  upgrade: Upgrade,
  options: ClientReplyOptions,
): Promise<Reply> {
  const { endless, ended } = options
  const leaving = new AbortController()
  const leave = (): void => leaving.abort()
  const releases = [x.whenGone(leave), endless.whenOver(leave)]
  const release = (): void => releases.forEach((each) => each())
  try {
    const answer = await upgrade(x, request, leaving.signal)
    const { takeover } = answer
    if (takeover === undefined) {
      return clientReply(x, answer, {
        ...options,
        ended: () => {
          release()
          ended()
        },
      })
    }
    return {
      status: answer.status,
      reason: answer.reason,
      headers: clientFields(answer.status, answer.headers, options),
      body: null,
      relayed: true,
      takeover: (client, head) => {
        release()
        const joined = takeover(client, head)
        const forget = endless.whenOver(() => joined.end())
        const over = (): void => {
          forget()
          ended()
        }
        if (client.closed) over()
        else client.once('close', over)
      },
    }
  } catch (error) {
    release()
    if (endless.isOver) throw new ServeError('E8008_UPSTREAM_UNAVAILABLE', 'The server stops.', { close: true })
    throw error
  }
}
