import type { LoadedConfig } from '../../config/load.ts'
import type { Environment } from '../../config/sources/env.ts'
import { controlPrefix, registerServer } from '../../control/control.ts'
import { hash128 } from '../../core/util/hash128.ts'
import type { Listening, Server8008 } from '../../server/types.ts'
import type { Command } from '../args/command.ts'
import type { Program } from '../process-io.ts'

/** Lets other commands find the server, until it closes. */
export function register(
  server: Server8008,
  { url, port, tls }: Listening,
  { file, config }: LoadedConfig,
  command: Command,
  program: Program,
): void {
  // It has closed meanwhile.
  if (server.port === undefined) return
  const { pid, cwd, env, script = '' } = program
  const { root } = config
  const tlsPort = tls?.port ?? 0
  const settings = settingsHash(file, command, env)
  // Pages are asked to reload over TCP.
  const token = config.socket === undefined ? (server.token ?? '') : ''
  const reload = `${controlPrefix(config.base)}reload`
  server.on('close', registerServer({ pid, url, port, tlsPort, root, cwd, settings, reload, token, script }, env))
}

/** What of the settings is the terminal's own, or compared apart. */
const ownSettings: ReadonlySet<string> = new Set(['root', 'port', 'open', 'log'])

/**
 * Tells the settings of two servers of a folder apart by what their commands say: an edit of the config file that they
 * share reaches both.
 */
export function settingsHash(file: string | undefined, { flags }: Pick<Command, 'flags'>, env: Environment): string {
  const given = Object.entries(flags).filter(([key]) => !ownSettings.has(key))
  const named = Object.entries(env).filter(
    ([name]) => name.startsWith('SERVE8008_') && !ownSettings.has(name.slice('SERVE8008_'.length).toLowerCase()),
  )
  const sorted = [...given, ...named].toSorted(([one], [other]) => (one < other ? -1 : 1))
  return hash128(Buffer.from(JSON.stringify([file, sorted]))).toString('hex')
}
