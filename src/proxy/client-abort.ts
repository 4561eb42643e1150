import type { OutboundRequest } from './types.ts'

/** The client of a request that is under way. */
export interface FollowedClient {
  /** Aborts when the client leaves, which one that closes its sending side has done too. */
  readonly signal: AbortSignal
  /** Stops following. To be called when the exchange is over. */
  readonly release: () => void
}

/** Follows the client of a request, so that what works for it ends at once when it leaves. */
export function followClient({ whenGone }: Pick<OutboundRequest, 'whenGone'>): FollowedClient {
  const leaving = new AbortController()
  const release = whenGone(() => leaving.abort())
  return { signal: leaving.signal, release }
}
