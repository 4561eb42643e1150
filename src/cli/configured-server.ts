import { checkFolders } from '../config/check-folders.ts'
import { loadConfig, type LoadedConfig } from '../config/load.ts'
import type { ResolvedConfig } from '../config/types.ts'
import { createServerFrom, pluginHost } from '../server/create.ts'
import type { ProgramOptions } from '../server/embedder-options.ts'
import { createPluginHost } from '../server/plugins.ts'
import type { Server8008 } from '../server/types.ts'
import type { Command } from './args/command.ts'
import { addedFlag } from './args/corrected-command.ts'
import { flags as servingFlags } from './args/flags.ts'
import { importConfig } from './import-config.ts'
import type { Reporter } from './output/reporter.ts'
import type { Program } from './process-io.ts'

/** A server for a command that ends: it logs nothing, and no other command can find it. */
export interface ConfiguredServer {
  readonly server: Server8008
  readonly loaded: LoadedConfig
  /** What it runs with. */
  readonly config: ResolvedConfig
}

/**
 * Makes the server that serving would start, with its handler and its plugins. Nothing is bound.
 *
 * @param change Changes what the server runs with.
 * @throws ServeError what `loadConfig` throws, and for folders that cannot be served
 */
export async function createConfiguredServer(
  command: Command,
  { cwd, env }: Program,
  report: Reporter,
  change: (config: ResolvedConfig) => ResolvedConfig = (config) => config,
  program: ProgramOptions = {},
): Promise<ConfiguredServer> {
  const { flags, config: file } = command
  const loaded = await loadConfig({ cwd, flags, env, config: file, importModule: importConfig })
  checkFolders(loaded.config, loaded.origins)
  const config = await withHandler({ ...change(loaded.config), log: 'none' })
  const server = createServerFrom(config, { phrase: (fix) => addedFlag(fix, servingFlags), ...program }, loaded.resolve)
  server.on('error', (error) => void report.error(error))
  if (config.plugins.length > 0) pluginHost(server, createPluginHost).start(config.plugins)
  return { server, loaded, config }
}

async function withHandler(config: ResolvedConfig): Promise<ResolvedConfig> {
  if (config.handler === undefined) return config
  const { openHandlerSlot } = await import('./handler-slot.ts')
  return (await openHandlerSlot(config, config.handler)).config
}
