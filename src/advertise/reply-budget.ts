import { createAllowance } from '../core/util/allowance.ts'
import { createLru } from '../core/util/lru.ts'

/** Replies to one address at once, then one for each second. */
const eachBurst = 4
/** Replies to all addresses at once, then ten for each second. */
const allBurst = 16
/** Addresses that are counted; the one that asked longest ago is forgotten. */
const mostAddresses = 256

/**
 * Bounds the replies to single addresses. A sender's address in a datagram may be forged, so that the replies go to a
 * device that did not ask.
 */
export function createReplyBudget(now: () => number): (address: string) => boolean {
  const all = createAllowance({ burst: allBurst, refillMs: 100, now })
  const each = createLru<string, () => boolean>(mostAddresses)
  return (address) => {
    let take = each.get(address)
    if (take === undefined) each.set(address, (take = createAllowance({ burst: eachBurst, refillMs: 1000, now })))
    return take() && all()
  }
}
