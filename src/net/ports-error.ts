import { createServer } from 'node:net'
import { ServeError } from '../core/serve-error.ts'
import type { ListenPlan } from './addresses.ts'
import { isBadPort } from './bad-ports.ts'
import { bindPort } from './bind.ts'
import { release } from './listen.ts'
import type { SkippedPort } from './types.ts'
import { isShadowed } from './wildcard-conflict.ts'

/**
 * The error when no port could be bound. It names the process behind each port, and a free port as the fix.
 *
 * @param strict more ports were listed, but the option forbids to try them
 */
export async function portsError(
  skipped: readonly SkippedPort[],
  plan: ListenPlan,
  option: 'port' | 'tlsPort',
  strict: boolean,
): Promise<ServeError> {
  const reasons = skipped.map(({ reason }) => reason)
  const last = skipped.at(-1)
  const free = last === undefined ? undefined : await nextFreePort(last.port, plan).catch(() => undefined)
  const fix = free === undefined ? undefined : { option, value: free }
  if (skipped.length !== 1 || last === undefined) {
    return new ServeError('E8008_PORTS_HELD', `No port is free: ${reasons.join(', ')}.`, {
      fix,
      problems: reasons,
      skipped,
    })
  }
  const denied = last.code === 'EACCES' && last.holder === undefined
  const asked = strict ? 'Only the first port may be tried' : 'You asked for this port'
  const message = `Port ${last.reason}. ${asked}, so no other was tried.`
  return new ServeError(denied ? 'E8008_PORT_DENIED' : 'E8008_PORT_HELD', message, { fix, skipped })
}

/** Ports that are tried before the search gives up. */
const mostTries = 50

/**
 * Finds the next port that is free on all addresses, by binding and releasing it. Undefined when none is near. After a
 * privileged port the search starts 8000 higher: 8080 for 80, 8443 for 443.
 */
async function nextFreePort(port: number, plan: ListenPlan): Promise<number | undefined> {
  const first = port < 1024 ? 8000 + port : port + 1
  for (let candidate = first; candidate < first + mostTries && candidate <= 65_535; candidate++) {
    if (isBadPort(candidate) || (await isShadowed(candidate, plan.addresses))) continue
    const found = await bindPort(plan, candidate, () => createServer())
    if (found.refused !== undefined) continue
    await Promise.all(found.bound.map(({ server }) => release(server)))
    return candidate
  }
  return undefined
}
