import type { LoadedConfig } from '../../config/load.ts'
import { actionText } from '../../config/kinds/describe.ts'
import { controlPrefix, exchangesPath, newToken } from '../../control/control.ts'
import { registerServer, type RegisteredContent } from '../../control/server-registry.ts'
import type { ResolvedConfig } from '../../config/types.ts'
import type { Listening, Server8008 } from '../../server/types.ts'
import type { Command } from '../args/command.ts'
import type { Program } from '../process-io.ts'
import { serverStart, settingsHash } from '../server-settings.ts'

/** Who started a server, and how. */
interface RegistrationContext {
  /** Gets the token that only the registry has. */
  readonly owner: { token: string }
  readonly command: Command
  readonly program: Program
}

/**
 * Lets other commands find the server, until it closes.
 *
 * @returns a function to call when the routes have changed.
 */
export function register(
  server: Server8008,
  listening: Listening,
  { file, config }: LoadedConfig,
  { owner, command, program }: RegistrationContext,
): () => void {
  // It has closed meanwhile.
  if (server.port === undefined) return () => {}
  const { pid, cwd, env, script = '' } = program
  const { url, port, tls } = listening
  const { root = '' } = config
  const tlsPort = tls?.port ?? 0
  const settings = settingsHash(file, command, env)
  const start = serverStart(command, env)
  const startedAt = Math.round(Date.now() - program.elapsed())
  // Pages are asked to reload over TCP.
  const token = config.socket === undefined ? (server.token ?? '') : ''
  const reload = `${controlPrefix(config.base)}reload`
  if (config.socket === undefined) owner.token = newToken()
  const loopback = loopbackOf(listening)
  const follow = { exchanges: exchangesPath(config.base), ownerToken: owner.token }
  const content = (): RegisteredContent => contentOf(server, listening, config)
  const registration = registerServer(
    {
      pid,
      url,
      port,
      tlsPort,
      root,
      cwd,
      settings,
      start,
      startedAt,
      reload,
      token,
      script,
      ...loopback,
      ...follow,
      ...content(),
    },
    env,
  )
  server.on('close', registration.remove)
  return () => registration.update(content())
}

function loopbackOf({ url, addresses }: Listening): { readonly loopback?: string } {
  if (new URL(url).hostname !== 'localhost') return {}
  return { loopback: addresses.includes('::1') && !addresses.includes('127.0.0.1') ? '::1' : '127.0.0.1' }
}

function contentOf(server: Server8008, { urls }: Listening, config: ResolvedConfig): RegisteredContent {
  const sites = server.sites.list()
  const folderOf = (name: string): string =>
    (config.sites.find((site) => site.name === name)?.config ?? config).root ?? ''
  return {
    urls: [...urls.local, ...urls.network],
    routes: server.routes.list().map(({ id, action }) => ({ route: id, to: actionText(action) })),
    ...(sites.length < 2
      ? {}
      : { sites: sites.map(({ name, urls: own }) => ({ name, folder: folderOf(name), urls: own })) }),
  }
}
