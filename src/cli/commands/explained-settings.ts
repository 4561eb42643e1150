import { loadConfig, type LoadedConfig } from '../../config/load.ts'
import type { RunningServer } from '../../control/server-registry.ts'
import type { Command } from '../args/command.ts'
import { commandLine } from '../args/command-line.ts'
import { importConfig } from '../import-config.ts'
import { displayPath } from '../output/display.ts'
import type { Program } from '../process-io.ts'
import { settingsHash } from '../server-settings.ts'
import { hasPort, isSameFolder, runningServers } from '../server-process.ts'

/** The settings by which a request is explained. */
export interface ExplainedSettings {
  readonly loaded: LoadedConfig
  /** The flags, variables and file that were read. */
  readonly read: readonly string[]
  /** The running server whose settings these are, if not those of the command line. */
  readonly server: RunningServer | undefined
  /** A running server that would answer by other settings, with the command that explains by those if it is known. */
  readonly other: { readonly server: RunningServer; readonly command: string | undefined } | undefined
}

/**
 * Reads the settings of the command line; those of a running server where the URL names its port and the command line
 * has none.
 *
 * @throws ServeError as `loadConfig` does
 */
export async function settingsToExplain(
  command: Command,
  { method, url }: { readonly method: string; readonly url: string },
  { cwd, env }: Pick<Program, 'cwd' | 'env'>,
): Promise<ExplainedSettings> {
  const { flags, config: file } = command
  const servers = runningServers(env)
  const port = portOf(url)
  const named = port === 0 ? undefined : servers.find((server) => hasPort(server, port))
  const start = named?.start
  if (named !== undefined && start !== undefined && Object.keys(flags).length === 0 && file === undefined) {
    const loaded = await loadConfig({ cwd: named.cwd, importModule: importConfig, ...start })
    return { loaded, read: sourcesOf(loaded, cwd), server: named, other: undefined }
  }
  const loaded = await loadConfig({ cwd, flags, env, config: file, importModule: importConfig })
  const settings = settingsHash(loaded.file, command, env)
  const { root = '' } = loaded.config
  const here = servers.filter((server) => server.cwd === cwd || isSameFolder(server.root, root))
  const possible = port === 0 ? here : named === undefined ? [] : [named]
  const isSame = possible.some((server) => server.settings === settings && isSameFolder(server.root, root))
  const other = isSame ? undefined : possible[0]
  const read = sourcesOf(loaded, cwd)
  return { loaded, read, server: undefined, other: other && { server: other, command: commandFor(other) } }

  function commandFor(server: RunningServer): string | undefined {
    if (server.start === undefined || server.port === 0) return undefined
    const fields = requestHeaders(command).flatMap((field) => ['-H', field])
    const target = port === 0 && url.startsWith('/') ? `${new URL(server.url).origin}${url}` : url
    return portOf(target) === 0
      ? undefined
      : commandLine(['explain', ...(method === 'GET' ? [] : [method]), target, ...fields])
  }
}

/** Header fields of the request that is explained. */
export function requestHeaders({ values }: Command): readonly string[] {
  const fields = values.get('requestHeader')
  return typeof fields === 'object' ? fields : []
}

/** The port of a URL, 0 for a path. */
function portOf(url: string): number {
  if (url.startsWith('/')) return 0
  const whole = url.includes('://') ? url : `http://${url}`
  if (!URL.canParse(whole)) return 0
  const { port, protocol } = new URL(whole)
  return port === '' ? (protocol === 'https:' ? 443 : 80) : Number(port)
}

/** `--proxy`, `SERVE8008_PORT`, `./serve8008.config.js`. */
function sourcesOf({ origins, file }: LoadedConfig, cwd: string): string[] {
  const named = Object.values(origins).flatMap((origin) => /^(?:flag|env) (.*)$/s.exec(origin)?.[1] ?? [])
  return [...new Set(named), ...(file === undefined ? [] : [displayPath(file, cwd)])]
}
