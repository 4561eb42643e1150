import { extname } from 'node:path'
import { pathToFileURL } from 'node:url'
import { shellQuote } from '../../core/util/shell-quote.ts'
import { ServeError, type SourcePosition } from '../../core/serve-error.ts'
import { isPlainObject } from '../plain-object.ts'
import { messageOf, unreadableConfig, unsettledCode, type ModuleContent } from './unreadable-config.ts'

/** Imports a module by its URL. */
export type ImportModule = (url: string) => Promise<unknown>

/** Imports a config module. Its default export holds the options, or is a function that returns them. */
export async function importOptions(path: string, name: string, importModule: ImportModule): Promise<unknown> {
  return importDefault(path, name, importModule, 'options', async (config) =>
    typeof config === 'function' ? ((await config()) as unknown) : config,
  )
}

/**
 * The default export of a module, or what is made of it.
 *
 * @throws ServeError `E8008_CONFIG_UNREADABLE`
 */
export async function importDefault(
  path: string,
  name: string,
  importModule: ImportModule,
  content: ModuleContent,
  read: (value: unknown) => unknown = (value) => value,
): Promise<unknown> {
  try {
    const module = await importModule(pathToFileURL(path).href)
    const config = isPlainObject(module) ? await module['default'] : undefined
    if (config === undefined) {
      throw unreadableConfig(`${name} has no default export.`, `write: ${examples[content]}`)
    }
    return await read(config)
  } catch (cause) {
    if (cause instanceof ServeError) throw cause
    throw unreadableConfig(
      `${name} cannot be loaded: ${messageOf(cause)}.`,
      importHint(cause, name, content),
      cause,
      placeOf(cause),
    )
  }
}

const examples: Readonly<Record<ModuleContent, string>> = {
  options: 'export default { … }',
  handler: "export default (request) => new Response('ok')",
}

/** Hints for the frequent reasons why a config module cannot be loaded. */
function importHint(cause: unknown, name: string, content: ModuleContent): string {
  const code = codeOf(cause)
  if (code === unsettledCode)
    return `export the ${content}, or a promise of ${content === 'options' ? 'them' : 'it'} that is settled`
  if (code === 'ERR_UNKNOWN_FILE_EXTENSION') {
    return `this Node does not run TypeScript: use Node 22.18 or newer, or write JavaScript in ${moduleName(name)}`
  }
  if (code === 'ERR_MODULE_NOT_FOUND' && /package 'serve8008'/.test(messageOf(cause))) {
    return 'install it in the project (npm install --save-dev serve8008), or export a plain object'
  }
  // A `.cjs` file is CommonJS, and so is a `.js` file without `"type": "module"`.
  if (cause instanceof SyntaxError && /import statement|token 'export'|of 'import/.test(messageOf(cause))) {
    return `rename it to ${moduleName(name, name.endsWith('ts') ? 'mts' : 'mjs')}`
  }
  const [, ofScripts] = /^(\w+) is not defined in ES module scope/.exec(messageOf(cause)) ?? []
  if (ofScripts === '__dirname' || ofScripts === '__filename') return `write import.meta.${ofScripts.slice(2)}`
  if (ofScripts !== undefined) return `write ${examples[content]} and import, or rename it to ${stem(name)}.cjs`
  // The function of a Vite config has this argument.
  if (/^Cannot destructure property '(?:command|mode)' of 'undefined'/.test(messageOf(cause))) {
    return 'the function gets no arguments: read the environment instead'
  }
  return `run it alone to see more: node ${shellQuote(name)}`
}

/** The name that is an ES module whatever package.json says. */
function moduleName(name: string, extension: 'mjs' | 'mts' = 'mjs'): string {
  return `${stem(name)}.${extension}`
}

function stem(name: string): string {
  return name.slice(0, name.length - extname(name).length)
}

/** The position in a file that the importer added to an error. */
function placeOf(error: unknown): SourcePosition | undefined {
  return error instanceof Error && 'place' in error ? (error.place as SourcePosition) : undefined
}

function codeOf(error: unknown): unknown {
  return error instanceof Error && 'code' in error ? error.code : undefined
}
