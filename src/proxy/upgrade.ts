import { ServeError } from '../core/serve-error.ts'
import type { Exchange } from '../http/message/exchange.ts'
import type { Reply } from '../http/message/reply.ts'
import { clientResponseFields, clientResponse, type ClientResponseOptions } from './response/response.ts'
import type { UpstreamRequest, Upgrade } from './types.ts'

/**
 * Forwards an upgrade, until the client disconnects or the server stops. An accepted upgrade counts as active until its
 * connection closes.
 *
 * @throws UpstreamError, or ServeError 503 when the server stops
 */
export async function forwardUpgrade(
  x: Exchange,
  request: UpstreamRequest,
  upgrade: Upgrade,
  options: ClientResponseOptions,
): Promise<Reply> {
  const { longLived, onEnd } = options
  const leaving = new AbortController()
  const leave = (): void => leaving.abort()
  const releases = [x.whenGone(leave), longLived.whenStopping(leave)]
  const release = (): void => releases.forEach((each) => each())
  try {
    const answer = await upgrade(x, request, leaving.signal)
    const { takeover } = answer
    if (takeover === undefined) {
      return clientResponse(x, answer, {
        ...options,
        onEnd: () => {
          release()
          onEnd()
        },
      })
    }
    return {
      status: answer.status,
      reason: answer.reason,
      headers: clientResponseFields(answer.status, answer.headers, options),
      body: null,
      relayed: true,
      takeover: (client, head) => {
        release()
        const tunnel = takeover(client, head)
        const forget = longLived.whenStopping(() => tunnel.end())
        const over = (): void => {
          forget()
          onEnd()
        }
        if (client.closed) over()
        else client.once('close', over)
      },
    }
  } catch (error) {
    release()
    if (longLived.isStopping)
      throw new ServeError('E8008_UPSTREAM_UNAVAILABLE', 'The server is stopping.', { close: true })
    throw error
  }
}
