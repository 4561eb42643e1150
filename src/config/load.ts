/*
 * Where the command's settings come from, the weakest first. What a later one says of an option replaces what an
 * earlier one said.
 *
 *   1. defaults     options/defaults.ts, and `log: 'pretty'`, since somebody looks on
 *   2. config file  sources/file.ts: the one that --config names; otherwise, in the working directory only,
 *                   serve8008.config.js, .mjs, .cjs, .ts, .mts, .cts or .json, or `serve8008` in package.json (two are
 *                   an error). Its relative paths belong to its folder; all others to the working directory.
 *   3. environment  sources/env.ts: SERVE8008_PORT and so on; PORT and HOST where ours say nothing
 *   4. flags        cli/args/ takes the command line apart, sources/flags.ts reads the values
 *
 * sources/merge.ts joins them: `headers`, `mounts`, `proxy` and `limits` by their inner keys; every other option as a
 * whole. An option that says the same in another way (`socket` beside `port`) takes its rivals' place.
 * validate/validate.ts then checks names and types, the other files of resolve/ meanings, and resolve/resolve.ts
 * completes and freezes. A program's options (`createServer`) go straight to resolve/resolve.ts: the library reads no
 * file and no environment.
 */
import type { Warning } from '../core/warning.ts'
import { commandLog } from './options/defaults.ts'
import { optionsFromEnvironment, type Environment } from './sources/env.ts'
import { readConfigFile, unreadFiles, type ImportModule } from './sources/file.ts'
import { limitNames } from './options/limits.ts'
import { mergeSources, sourceFromFile } from './sources/merge.ts'
import { optionTable } from './options/option-table.ts'
import type { Problem } from './diagnostic.ts'
import { resolveConfig } from './resolve/resolve.ts'
import { type FlagValues, type OptionSource, optionsFromFlags } from './sources/source.ts'
import type { ResolvedConfig, ServeOptions } from './types.ts'

/** Where the command's configuration comes from. */
export interface LoadOptions {
  /** Absolute working directory. */
  readonly cwd: string
  /** The command line, by option. */
  readonly flags?: FlagValues | undefined
  readonly env?: Environment | undefined
  /** Path of a config file, false for none; undefined looks in `cwd`. */
  readonly config?: string | false | undefined
  /** How a config module is imported. Default: `import()`. */
  readonly importModule?: ImportModule | undefined
}

/** The configuration and how it came about. */
export interface LoadedConfig {
  readonly config: ResolvedConfig
  /**
   * For each option `default`, `file <name>`, `env <NAME>` or `flag --<name>`. Each limit, and each
   * inner key that `headers`, `mounts` and `proxy` hold, has an entry of its own (`limits.headerBytes`).
   */
  readonly origins: Readonly<Record<string, string>>
  /** Absolute path of the config file that was read. */
  readonly file: string | undefined
  /** What looks like a config file and is none. */
  readonly warnings: readonly Warning[]
  /** What all sources say together, before it was completed. */
  readonly options: ServeOptions
}

/**
 * Gathers the command's configuration: flags beat the environment, which beats the config file,
 * which beats the defaults. The access log is `pretty` unless something else is said.
 *
 * @throws ServeError `E8008_CONFIG_INVALID` with every problem, each under the name of its source;
 *   `E8008_CONFIG_NOT_FOUND` and `E8008_CONFIG_UNREADABLE` for the file.
 */
export async function loadConfig(load: LoadOptions): Promise<LoadedConfig> {
  const { cwd, flags = {}, env = {}, config: named } = load
  const file = named === false ? undefined : await readConfigFile(cwd, named, load.importModule)
  const sources: OptionSource[] = [
    { options: { log: commandLog }, origins: new Map(), problems: [] },
    ...(file === undefined ? [] : [sourceFromFile(file)]),
    optionsFromEnvironment(env),
    optionsFromFlags(flags),
  ]
  const { options, origins } = mergeSources(sources)
  const config = resolveConfig(options, {
    cwd,
    secretFiles: file === undefined ? [] : [file.path],
    keyNames: new Map([...origins].map(([path, origin]) => [path, keyName(path, origin)])),
    problems: sources.flatMap((source, i) => standingProblems(source, sources.slice(i + 1))),
  })
  const keys = [...optionTable.map((entry) => entry.key), ...limitNames.map((name) => `limits.${name}`)]
  return {
    config,
    origins: { ...Object.fromEntries(keys.map((key) => [key, 'default'])), ...Object.fromEntries(origins) },
    file: file?.path,
    warnings: named === undefined ? unreadFiles(cwd) : [],
    options,
  }
}

/** The problems of a source, named after it, without those of options that a stronger source says again. */
function standingProblems(source: OptionSource, stronger: readonly OptionSource[]): Problem[] {
  return source.problems
    .filter(({ path }) => path.length > 1 || !stronger.some(({ origins }) => origins.has(path[0] ?? '')))
    .map((problem) => {
      const path = problem.path.join('.')
      const origin = source.origins.get(path)
      return origin === undefined ? problem : { ...problem, name: keyName(path, origin) }
    })
}

/** `--limit headerBytes`, `SERVE8008_PORT`, `serve8008.config.js: headers.x-a`: where a person must look. */
function keyName(path: string, origin: string): string {
  const border = origin.indexOf(' ')
  const place = origin.slice(border + 1)
  if (origin.startsWith('file ')) return `${place}: ${path}`
  const inner = path.indexOf('.')
  return origin.startsWith('flag ') && inner !== -1 ? `${place} ${path.slice(inner + 1)}` : place
}
