import { fileURLToPath } from 'node:url'
import type { ImportModule } from '../config/sources/module-file.ts'
import { unsettledModule, type ModuleContent } from '../config/sources/unreadable-config.ts'

/**
 * Imports a config file and waits for its options. Until they are there
 *
 * - what Node prints about the file's kind is held back: a module in a project without "type" works, and where it does
 *   not, our error says how to name it. Every other warning passes.
 * - an uncaught exception is one of the file: Node 20 throws the error of a CommonJS file that is imported
 *   twice, once past the promise.
 * - a file that ends the process fails, for otherwise the command would end without a message, perhaps with 0.
 * - a process with an empty event loop waits for options that never come, and would end without a message.
 */
export const importConfig: ImportModule = (url) => guarded(url, 'options', optionsOf)

/** Imports the module of a handler in the same way. */
export const importHandler: ImportModule = (url) => guarded(url, 'handler', defaultOf)

async function guarded(
  url: string,
  content: ModuleContent,
  read: (url: string) => Promise<unknown>,
): Promise<{ readonly default: unknown }> {
  const { emit, exit } = process
  let fail: (error: Error) => void = () => {}
  const failure = new Promise<never>((_, reject) => {
    fail = reject
  })
  const filtered = (event: string, ...given: readonly unknown[]): boolean => {
    if (event === 'warning' && isAboutKind(given[0])) return false
    if (event === 'beforeExit') fail(unsettledModule(content))
    else if (event === 'uncaughtException') void placed(given[0]).then(fail)
    else return Reflect.apply(emit, process, [event, ...given]) as boolean
    return true
  }
  // Loaded for a file that fails alone.
  const placed = async (thrown: unknown): Promise<Error> => {
    const { errorText, placedError } = await import('./error-place.ts')
    return placedError(errorText(thrown), fileURLToPath(url), thrown)
  }
  process.emit = filtered as typeof process.emit
  process.exit = () => {
    const error = new Error(`it ends the process before it gives its ${content}`)
    fail(error)
    throw error
  }
  try {
    const options = read(url).catch(async (thrown: unknown) => {
      throw await placed(thrown)
    })
    return { default: await Promise.race([options, failure]) }
  } finally {
    process.exit = exit
    // Warnings are sent a tick after what caused them.
    await new Promise((resolve) => setImmediate(resolve))
    if (process.emit === filtered) process.emit = emit
  }
}

async function defaultOf(url: string): Promise<unknown> {
  return ((await import(url)) as { readonly default: unknown }).default
}

async function optionsOf(url: string): Promise<unknown> {
  const options = await defaultOf(url)
  return typeof options === 'function' ? ((await options()) as unknown) : options
}

function isAboutKind(warning: unknown): boolean {
  if (!(warning instanceof Error)) return false
  const code = 'code' in warning ? warning.code : undefined
  return code === 'MODULE_TYPELESS_PACKAGE_JSON' || /^To load an ES module\b/.test(warning.message)
}
