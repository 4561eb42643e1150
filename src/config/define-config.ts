import type { ServeOptions } from './types.ts'

/** A function that returns options, or a promise of them; called once at each start. */
export type ConfigFunction = () => ServeOptions | Promise<ServeOptions>

/** The default export of a config file: options, a promise of them, or a function that returns either. */
export type ConfigExport = ServeOptions | Promise<ServeOptions> | ConfigFunction

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
