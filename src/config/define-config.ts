import type { ConfigExport, ConfigFunction, ServeOptions } from './types.ts'

/**
 * Gives a config file types and completion: `export default defineConfig({ port: 3000 })`, or
 * `defineConfig(async () => ({ port: await freePort() }))`. Returns its argument.
 */
// The overload for functions comes first, since TypeScript widens literals (`log: 'json'`) in a function otherwise. That for
// options comes last: an error is reported for the last one, and would blame the first option for the slip in another.
export function defineConfig(config: ConfigFunction): ConfigFunction
export function defineConfig(config: Promise<ServeOptions>): Promise<ServeOptions>
export function defineConfig(config: ServeOptions): ServeOptions
export function defineConfig(config: ConfigExport): ConfigExport {
  return config
}
