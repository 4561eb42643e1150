import type { ServeOptions } from './types.ts'

/** A function that makes the options, at once or in time; called once at each start. */
export type ConfigFunction = () => ServeOptions | Promise<ServeOptions>

/** What a config file may export: options, a promise of them, or a function that makes them. */
export type ConfigExport = ServeOptions | Promise<ServeOptions> | ConfigFunction

/**
 * Gives a config file types and completion: `export default defineConfig({ port: 3000 })`, or
 * `defineConfig(async () => ({ port: await freePort() }))`. Returns what it is given.
 */
// The function comes first: its literals (`log: 'json'`) keep their types only where it is expected.
export function defineConfig(config: ConfigFunction): ConfigFunction
export function defineConfig(config: ServeOptions): ServeOptions
export function defineConfig(config: Promise<ServeOptions>): Promise<ServeOptions>
export function defineConfig(config: ConfigExport): ConfigExport {
  return config
}
