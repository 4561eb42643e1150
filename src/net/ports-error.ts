import { ServeError } from '../core/serve-error.ts'
import type { ListenPlan } from './addresses.ts'
import { nextFreePort } from './free-port.ts'
import type { SkippedPort } from './types.ts'

/**
 * The error when no port could be had: who holds which, and a port that will work, verified by binding it.
 *
 * @param strict whether further ports were listed and not to be tried
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
    })
  }
  const denied = last.code === 'EACCES' && last.holder === undefined
  const asked = strict ? 'Only the first port may be tried' : 'You asked for this port'
  const message = `Port ${last.reason}. ${asked}, so no other was tried.`
  return new ServeError(denied ? 'E8008_PORT_DENIED' : 'E8008_PORT_HELD', message, { fix })
}
