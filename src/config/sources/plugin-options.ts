import { ServeError } from '../../core/serve-error.ts'
import { thrownText } from '../../core/util/thrown-text.ts'
import { quote } from '../diagnostic.ts'
import type { Plugin } from '../options/plugins.ts'
import { deepFreeze, isPlainObject, plainly } from '../plain-object.ts'
import { plainCopy } from '../validate/plain-copy.ts'
import { sourceFromFile } from './merge.ts'
import type { OptionSource } from './source.ts'

/** How plugins are asked for options. */
interface Asking {
  /** The value of the option `plugins`, not yet checked. */
  readonly plugins: unknown
  /** Folder against which their relative paths are resolved; empty for the working directory. */
  readonly folder: string
  /** The merged options of every source, with those that earlier plugins returned. */
  readonly merge: (added: readonly OptionSource[]) => Readonly<Record<string, unknown>>
}

/** A plugin and what its hook returned. */
interface Answer {
  readonly name: string
  readonly value: unknown
}

/** The options that plugins return, each a source. @throws ServeError `E8008_PLUGIN`, also for a promise */
export function pluginSources(asking: Asking): OptionSource[] {
  const asked = ask(asking)
  let step = asked.next()
  while (step.done !== true) {
    const { name, value } = step.value
    if (value instanceof Promise) {
      value.catch(() => {})
      throw new ServeError('E8008_PLUGIN', `options() of the plugin ${quote(name)} returned a promise.`, {
        hint: 'await in the program, before createServer(), which does not wait',
      })
    }
    step = asked.next(value)
  }
  return step.value
}

/** The same, with promises. @throws ServeError `E8008_PLUGIN` */
export async function awaitPluginSources(asking: Asking): Promise<OptionSource[]> {
  const asked = ask(asking)
  let step = asked.next()
  while (step.done !== true) {
    const { name, value } = step.value
    try {
      step = asked.next(await value)
    } catch (cause) {
      throw pluginError(name, 'options', cause)
    }
  }
  return step.value
}

function* ask({ plugins, folder, merge }: Asking): Generator<Answer, OptionSource[], unknown> {
  const sources: OptionSource[] = []
  for (const plugin of Array.isArray(plugins) ? (plugins as readonly (Plugin | undefined)[]) : []) {
    // Validation reports what is no plugin.
    if (typeof plugin?.options !== 'function') continue
    const name = String(plugin.name)
    const { plugins: _plugins, ...seen } = merge(sources)
    let value: unknown
    try {
      value = plugin.options(deepFreeze(plainCopy(seen, []) as object))
    } catch (cause) {
      throw pluginError(name, 'options', cause)
    }
    const options = yield { name, value }
    if (options !== undefined) sources.push(sourceOf(options, name, folder))
  }
  return sources
}

function sourceOf(options: unknown, name: string, folder: string): OptionSource {
  if (!isPlainObject(options)) {
    throw new ServeError('E8008_PLUGIN', `options() of the plugin ${quote(name)} returned ${quote(options)}.`, {
      hint: `${plainly(options)} of options, or return nothing`,
    })
  }
  const fixed = ['plugins', 'preset', 'upstream'].find((key) => Object.hasOwn(options, key))
  if (fixed !== undefined) {
    const hint =
      fixed === 'plugins' ? 'list every plugin in the option plugins' : `set ${fixed} beside the option plugins`
    throw new ServeError('E8008_PLUGIN', `options() of the plugin ${quote(name)} returned ${fixed}.`, { hint })
  }
  return sourceFromFile({ folder, options, problems: [] }, `plugin ${name}`)
}

/** The error of a hook, which names its plugin. An error that does so already stays as it is. */
export function pluginError(name: string, hook: string, cause: unknown): ServeError {
  if (cause instanceof ServeError && cause.code === 'E8008_PLUGIN') return cause
  const isWrite = cause instanceof TypeError && hook === 'options' && /read only|not extensible/.test(cause.message)
  return new ServeError('E8008_PLUGIN', `${hook}() of the plugin ${quote(name)} failed: ${thrownText(cause)}`, {
    cause,
    hint: isWrite
      ? 'return the options to change: options() { return { … } }'
      : 'correct the plugin, or remove it from the option plugins',
  })
}
