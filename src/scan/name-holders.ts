import { isLoopback } from '../core/util/ip.ts'
import { skippedPort } from '../net/owners/owners.ts'
import type { SkippedPort } from '../net/types.ts'
import { identify } from './identify/identify.ts'
import { contactOf } from './reach.ts'

/**
 * Says of ports that are in use what answers there: `8008 is in use by Synapse 1.67.0 (pid 812)`. All are asked at once, over
 * loopback alone. What does not tell in time keeps its reason. Never rejects.
 *
 * @param deadlineMs most milliseconds for all of them
 */
export function nameHolders(skipped: readonly SkippedPort[], deadlineMs: number): Promise<SkippedPort[]> {
  return Promise.all(skipped.map((each) => named(each, deadlineMs)))
}

async function named(skipped: SkippedPort, deadlineMs: number): Promise<SkippedPort> {
  const { port, code, holder } = skipped
  const address = contactOf(holder === undefined ? [] : [holder.address])
  const isOwn = holder?.pid === process.pid
  const isAsked = (code === 'EADDRINUSE' || holder !== undefined) && holder?.hidden !== 'closing'
  if (!isAsked || isOwn || !isLoopback(address)) return skipped
  const target = { address, port, command: holder?.command ?? holder?.name }
  const { product, version } = await identify(target, { deadlineMs })
  return product === undefined ? skipped : skippedPort(skipped, [product, version].join(' ').trim())
}
