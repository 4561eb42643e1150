import type { LoadedConfig } from '../../config/load.ts'
import { controlPrefix, registerServer } from '../../control/control.ts'
import type { Listening, Server8008 } from '../../server/types.ts'
import type { Command } from '../args/command.ts'
import type { Program } from '../process-io.ts'
import { serverStart, settingsHash } from '../server-settings.ts'

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
  const start = serverStart(command, env)
  // Pages are asked to reload over TCP.
  const token = config.socket === undefined ? (server.token ?? '') : ''
  const reload = `${controlPrefix(config.base)}reload`
  server.on(
    'close',
    registerServer({ pid, url, port, tlsPort, root, cwd, settings, start, reload, token, script }, env),
  )
}
