import { checkFolders } from '../config/check-folders.ts'
import { isPlainObject } from '../config/plain-object.ts'
import { presetSources } from '../config/presets.ts'
import { resolveConfig } from '../config/resolve/resolve.ts'
import { mergeSources } from '../config/sources/merge.ts'
import { pluginSources } from '../config/sources/plugin-options.ts'
import type { ResolvedConfig, ServeOptions } from '../config/types.ts'
import { ServeError } from '../core/serve-error.ts'
import { expected, quote, type Problem } from '../config/diagnostic.ts'
import { plainCopy } from '../config/validate/plain-copy.ts'
import { createServerFrom, pluginHost } from './create.ts'
import type { ProgramOptions, ServerUse } from './embedder-options.ts'
import { createPluginHost } from './plugins.ts'
import type { Server8008 } from './types.ts'

/**
 * Makes a server. Nothing is opened, bound or printed before `listen()`.
 *
 * @param options what to serve and how; everything has a default
 * @returns the server, not yet listening
 * @throws ServeError `E8008_CONFIG_INVALID`, whose `problems` lists every problem; `E8008_PLUGIN`; `E8008_ROOT_NOT_FOUND`,
 *   `E8008_ROOT_NOT_FOLDER`, `E8008_ROOT_UNREADABLE`, `E8008_AUTH_FILE` for files that cannot be used
 * @example
 * const server = createServer({ root: 'dist', port: 0 })
 * const { url } = await server.listen()
 * await server.close()
 */
export function createServer(options: ServeOptions & ProgramOptions = {}): Server8008 {
  // Throws for a value that is no object, which could not be destructured.
  if (!isPlainObject(options)) resolveConfig(options)
  const { signal, write, color, columns, phrase, authorityFolder, ...serve } = options
  const program = { signal, write, color, columns, phrase, authorityFolder }
  const { config, warnings } = resolveWithPlugins(serve, programProblems(program))
  if (config.handler?.file !== undefined) throw handlerFile(config.handler.file)
  checkFolders(config)
  const use: ServerUse = { isEmbedded: serve.live === true, ...(warnings === undefined ? {} : { warnings }) }
  const server = createServerFrom(config, definedOnly(program), resolveConfig, use)
  if (config.plugins.length > 0 && signal?.aborted !== true) pluginHost(server, createPluginHost).start(config.plugins)
  return server
}

/** Resolves options, with those of a preset and those that plugins change. */
function resolveWithPlugins(
  given: ServeOptions,
  problems: Problem[],
): Pick<ServerUse, 'warnings'> & { readonly config: ResolvedConfig } {
  if ((given.plugins ?? given.preset ?? given.upstream) === undefined)
    return { config: resolveConfig(given, { problems }) }
  const options = definedOnly(plainCopy(given, problems) as ServeOptions)
  const program = { options: { ...options }, origins: new Map<string, string>(), problems: [] }
  const presets = presetSources(options, problems)
  const weaker = [...presets, program]
  const added = pluginSources({
    plugins: options.plugins,
    folder: '',
    merge: (more) => mergeSources([...weaker, ...more]).options,
  })
  const merged = mergeSources([...weaker, ...added])
  const keyNames = new Map(
    [...merged.origins].flatMap(([path, origin]) =>
      /^(?:plugin|preset) /.test(origin) ? [[path, presets[0]?.names?.get(path) ?? `${origin}: ${path}`]] : [],
    ),
  )
  const config = resolveConfig(merged.options, { problems, keyNames })
  if (merged.options['preset'] === undefined) return { config }
  const loaded = { config, options: merged.options, origins: Object.fromEntries(merged.origins) }
  return { config, warnings: async () => (await import('../config/overridden-preset.ts')).overriddenPreset(loaded) }
}

function handlerFile(file: string): ServeError {
  return new ServeError('E8008_CONFIG_INVALID', `handler: the library loads no module, and got ${quote(file)}.`, {
    hint: "import it: import app from './app.js'; createServer({ handler: app })",
  })
}

/** For each option what its value must be, in words and as a check. */
const rules: Readonly<Record<keyof ProgramOptions, readonly [noun: string, (value: unknown) => boolean]>> = {
  signal: ['an AbortSignal', isSignal],
  write: ['a function', isFunction],
  color: ['true or false', (value) => typeof value === 'boolean'],
  columns: ['a number', (value) => typeof value === 'number'],
  authorityFolder: ['the path of a folder', (value) => typeof value === 'string' && value !== ''],
  phrase: ['a function', isFunction],
}

/** Checks the options. Undefined is allowed, and equals an option that is absent. */
function programProblems(program: ProgramOptions): Problem[] {
  return Object.entries(rules).flatMap(([key, [noun, isRight]]) => {
    const value = program[key as keyof ProgramOptions]
    if (value === undefined || isRight(value)) return []
    const isController = key === 'signal' && isSignal((value as Partial<AbortController> | null)?.signal)
    const hint = isController ? 'did you mean its signal: controller.signal?' : `use ${noun}`
    return [{ path: [key], message: expected(noun, value), hint }]
  })
}

function isFunction(value: unknown): boolean {
  return typeof value === 'function'
}

/** Checks members instead of the class: an AbortSignal of another realm has another class. */
function isSignal(value: unknown): boolean {
  const { aborted, addEventListener } = (value ?? {}) as Partial<AbortSignal>
  return typeof aborted === 'boolean' && isFunction(addEventListener)
}

/** The options whose value is not undefined. */
function definedOnly<Options extends object>(options: { [Key in keyof Options]: Options[Key] | undefined }): Options {
  return Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined)) as Options
}
