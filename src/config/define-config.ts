import type { ServeOptions } from './types.ts'

/** What a config file may export: options, or a function that makes them. */
export type ConfigExport = ServeOptions | (() => ServeOptions | Promise<ServeOptions>)

/**
 * Gives a config file types and completion: `export default defineConfig({ port: 3000 })`.
 * Returns what it is given.
 */
export function defineConfig<Config extends ConfigExport>(config: Config): Config {
  return config
}
