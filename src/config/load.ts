/*
 * The sources of the command's settings, the weakest first. A later one overrides an earlier one.
 *
 *   1. defaults     options/: each option has its own, and `log: 'pretty'`, for the person at the terminal
 *   2. preset       presets.ts: the file of templates/presets/ that `preset` of a stronger source names
 *   3. config file  sources/file.ts: the file of --config; otherwise, in the working directory only,
 *                   serve8008.config.js, .mjs, .cjs, .ts, .mts, .cts or .json, or `serve8008` in package.json (two are
 *                   an error). Its relative paths belong to its folder; all others to the working directory.
 *                   What its plugins return (sources/plugin-options.ts) is stronger than the file.
 *   4. environment  sources/env.ts: SERVE8008_PORT and so on; PORT and HOST where those are unset
 *   5. flags        cli/args/ parses the command line, sources/source.ts reads the values
 *
 * sources/merge.ts joins them: `headers`, `mounts`, `proxy` and `limits` by their inner keys; every other option as a
 * whole, but routes of a preset come behind the others. An option that conflicts with another (`socket` with `port`) also overrides that one.
 * validate/shape.ts then checks names and types, and validate/validate.ts explains what is wrong; resolve/complete.ts checks
 * values, adds defaults and freezes the result. Options of `createServer` go straight to resolve/resolve.ts: the library
 * reads no file and no environment.
 */
import type { Warning } from '../core/warning.ts'
import { optionsFromEnvironment, type Environment } from './sources/env.ts'
import { readConfigFile, unreadFiles } from './sources/file.ts'
import type { ImportModule } from './sources/module-file.ts'
import { limitNames } from './options/limits.ts'
import { mergeSources, sourceFromFile } from './sources/merge.ts'
import { commandDefaults, optionTable } from './options/option-table.ts'
import type { Problem } from './diagnostic.ts'
import { completeConfig } from './resolve/complete.ts'
import { validShape } from './validate/shape.ts'
import { type FlagValues, type OptionSource, optionsFromFlags } from './sources/source.ts'
import type { ResolvedConfig, ServeOptions } from './types.ts'

/** The sources of the command's configuration. */
export interface LoadOptions {
  /** Absolute working directory. */
  readonly cwd: string
  /** The flags of the command line, by option. */
  readonly flags?: FlagValues | undefined
  readonly env?: Environment | undefined
  /** Path of a config file, false for none; undefined looks in `cwd`. */
  readonly config?: string | false | undefined
  /** How a config module is imported. Default: `import()`. */
  readonly importModule?: ImportModule | undefined
}

/** The configuration, and where each setting comes from. */
export interface LoadedConfig {
  readonly config: ResolvedConfig
  /** Resolves the routes that the server is given while it runs. */
  readonly resolve: typeof completeConfig
  /**
   * For each option `default`, `preset <name>`, `file <name>`, `env <NAME>` or `flag --<name>`. Each limit, and each
   * inner key that `headers`, `mounts` and `proxy` hold, has an entry of its own (`limits.headerBytes`).
   */
  readonly origins: Readonly<Record<string, string>>
  /** Absolute path of the config file that was read. */
  readonly file: string | undefined
  /** Warnings about files with a name that is almost that of a config file. */
  readonly warnings: readonly Warning[]
  /** The merged options, without defaults. */
  readonly options: ServeOptions
}

/**
 * Loads the command's configuration: flags override the environment, which overrides the config file, which overrides the
 * defaults. The default of `log` is `pretty`.
 *
 * @throws ServeError `E8008_CONFIG_INVALID` with every problem, each under the name of its source;
 *   `E8008_CONFIG_NOT_FOUND` and `E8008_CONFIG_UNREADABLE` for the file.
 */
export async function loadConfig(load: LoadOptions): Promise<LoadedConfig> {
  const { cwd, flags = {}, env = {}, config: named } = load
  const file = named === false ? undefined : await readConfigFile(cwd, named, load.importModule)
  const usual: OptionSource = { options: commandDefaults, origins: new Map(), problems: [] }
  const read = file === undefined ? [] : [sourceFromFile(file, `file ${file.name}`)]
  const stronger = [optionsFromEnvironment(env), optionsFromFlags(flags)]
  const { preset, upstream } = mergeSources([...read, ...stronger]).options
  const ofPreset: Problem[] = []
  const presets =
    // `--no-preset` leaves out the upstream of the file with its preset.
    preset === undefined && (upstream === undefined || (flags.preset === false && flags.upstream === undefined))
      ? []
      : (await import('./presets.ts')).presetSources({ preset, upstream } as ServeOptions, ofPreset)
  const weaker = [usual, ...presets, ...read]
  const plugins = file?.options['plugins']
  const added =
    plugins === undefined
      ? []
      : await (
          await import('./sources/plugin-options.ts')
        ).awaitPluginSources({
          plugins,
          folder: file?.folder ?? cwd,
          merge: (given) => mergeSources([...weaker, ...given, ...stronger]).options,
        })
  const sources = [...weaker, ...added, ...stronger]
  const { options, origins } = mergeSources(sources)
  const { listeners, sites, proxy, routes, mounts } = options as ServeOptions
  const nameOf = (path: string): string => keyName(path, origins.get(path) ?? '')
  const isSeveral = (listeners ?? sites) !== undefined
  const isSecure = optionTable.some(({ key, group }) => group === 'TLS' && (options as ServeOptions)[key] !== undefined)
  const isChecked = !isSeveral && validShape(options) !== undefined
  // An edit of the file may add routes.
  const isRouted = isSeveral || file !== undefined || (proxy ?? routes ?? mounts) !== undefined
  const resolveRoutes = isRouted ? (await import('./resolve/routes.ts')).resolveRoutes : undefined
  const config = completeConfig(options, {
    cwd,
    routes: resolveRoutes,
    several: isSeveral ? await import('./resolve/several.ts') : undefined,
    tls: isSecure || isSeveral ? (await import('./resolve/tls.ts')).resolveTls : undefined,
    validate: isChecked ? undefined : (await import('./validate/validate.ts')).validateOptions,
    secretFiles: file === undefined ? [] : [file.path],
    keyNames: new Map([...origins.keys()].map((path) => [path, nameOf(presets[0]?.names?.get(path) ?? path)])),
    problems: [...ofPreset, ...sources.flatMap((source, i) => standingProblems(source, sources.slice(i + 1)))],
  })
  const keys = [...optionTable.map((entry) => entry.key), ...limitNames.map((name) => `limits.${name}`)]
  return {
    config,
    origins: { ...Object.fromEntries(keys.map((key) => [key, 'default'])), ...Object.fromEntries(origins) },
    resolve: (given, context) => completeConfig(given, { ...context, routes: resolveRoutes }),
    file: file?.path,
    warnings: named === undefined ? unreadFiles(cwd) : [],
    options,
  }
}

/** The problems of a source under its name, without those of options that a stronger source overrides. */
function standingProblems(source: OptionSource, stronger: readonly OptionSource[]): Problem[] {
  return source.problems
    .filter(({ path }) => path.length > 1 || !stronger.some(({ origins }) => origins.has(path[0] ?? '')))
    .map((problem) => {
      const path = problem.path.join('.')
      const origin = source.origins.get(path)
      return origin === undefined ? problem : { ...problem, name: keyName(path, origin) }
    })
}

/** The setting as messages name it: `--limit headerBytes`, `SERVE8008_PORT`, `serve8008.config.js: headers.x-a`. */
function keyName(path: string, origin: string): string {
  const border = origin.indexOf(' ')
  const place = origin.slice(border + 1)
  if (origin.startsWith('file ')) return `${place}: ${path}`
  if (/^(?:plugin|preset) /.test(origin)) return `${origin}: ${path}`
  const inner = path.indexOf('.')
  return origin.startsWith('flag ') && inner !== -1 ? `${place} ${path.slice(inner + 1)}` : place
}
