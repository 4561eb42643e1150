import type { Environment } from '../config/env.ts'
import type { ResolvedConfig } from '../config/types.ts'
import { ServeError } from '../errors/serve-error.ts'
import type { Listening, Server8008 } from '../server/types.ts'
import { runningServers } from './running-servers.ts'

/**
 * Ends a second server of a folder that went to another port only because the first one has the usual one: who types
 * the same command twice wants the address. A port that was named, 0 too, starts a second one.
 *
 * @throws ServeError E8008_PORT_HELD with the address of the first
 */
export async function refuseSecond(
  server: Server8008,
  { skipped }: Pick<Listening, 'skipped'>,
  { root }: Pick<ResolvedConfig, 'root'>,
  env: Environment,
): Promise<void> {
  // Process ids are used again: it is the first one only if that process has the port.
  const first = runningServers(env).find(
    ({ root: its, pid, port }) =>
      its === root && skipped.some((each) => each.port === port && each.holder?.pid === pid),
  )
  if (first === undefined) return
  await server.close()
  throw new ServeError('E8008_PORT_HELD', `This folder is already served at ${first.url} (pid ${first.pid}).`, {
    fix: { option: 'port', value: 0 },
  })
}

/** The error for a port that was asked for, with the address where that port serves this very folder. */
export function heldBySameFolder(
  error: ServeError,
  { root, ports }: Pick<ResolvedConfig, 'root' | 'ports'>,
  env: Environment,
): ServeError {
  const first = runningServers(env).find((each) => each.root === root && ports.includes(each.port))
  if (first === undefined) return error
  const { code, message, fix, cause } = error
  return new ServeError(code, `${message} This folder is already served at ${first.url}.`, { fix, cause })
}
