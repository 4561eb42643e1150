import { createServer } from 'node:net'
import type { ListenPlan } from './addresses.ts'
import { isBadPort } from './bad-ports.ts'
import { claim } from './bind.ts'
import { release } from './listen.ts'
import { isShadowed } from './wildcard-conflict.ts'

/** Ports that are tried before the search is given up. */
const mostTries = 50

/**
 * The next port after one that really is free on all addresses: it was bound, and released. Undefined when none is
 * near. After a privileged port the search goes on at the one with 8000 added: 80 leads to 8080, 443 to 8443.
 */
export async function nextFreePort(port: number, plan: ListenPlan): Promise<number | undefined> {
  const first = port < 1024 ? 8000 + port : port + 1
  for (let candidate = first; candidate < first + mostTries && candidate <= 65_535; candidate++) {
    if (isBadPort(candidate) || (await isShadowed(candidate, plan.addresses))) continue
    const found = await claim(plan, candidate, () => createServer())
    if (found.refused !== undefined) continue
    await Promise.all(found.bound.map(({ server }) => release(server)))
    return candidate
  }
  return undefined
}
