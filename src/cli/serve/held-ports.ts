import { ServeError } from '../../core/serve-error.ts'
import type { SkippedPort } from '../../net/types.ts'
import type { Listening } from '../../server/types.ts'

/** Most milliseconds by which the banner comes later, where a port was in use. The server answers meanwhile. */
const mostMs = 300

/** The addresses of a server, with what answers on the ports that were skipped as part of each reason. */
export async function withHolders(listening: Listening): Promise<Listening> {
  const listeners = listening.listeners.map(async (each) => ({ ...each, skipped: await named(each.skipped) }))
  return { ...listening, listeners: await Promise.all(listeners) }
}

/** The error of a start, with what answers on the ports that it names. */
export async function namingHolders(error: ServeError): Promise<ServeError> {
  const known = await named(error.skipped)
  const renamed = (text: string): string =>
    error.skipped.reduce((sofar, { reason }, at) => sofar.replace(reason, () => known[at]?.reason ?? reason), text)
  const { code, message, problems, fix, cause } = error
  return new ServeError(code, renamed(message), { problems: problems.map(renamed), fix, cause, skipped: known })
}

/** Loads what names servers only where one is in the way. */
async function named(skipped: readonly SkippedPort[]): Promise<readonly SkippedPort[]> {
  if (!skipped.some(({ code, holder }) => code === 'EADDRINUSE' || holder !== undefined)) return skipped
  const startedAt = performance.now()
  const { nameHolders } = await import('../../scan/scan.ts')
  return nameHolders(skipped, mostMs - (performance.now() - startedAt))
}
