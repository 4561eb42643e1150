import nodeModule, { createRequire } from 'node:module'
import { fileURLToPath } from 'node:url'
import { importedFiles } from './imported-files.ts'

/** Stands in the URLs of modules that were imported again. */
const mark = 'serve8008'

/** Gives what a marked module imports from the project the same mark. Runs in a thread of Node too, so it uses nothing else. */
function markedUrl(url: string, parent: string | undefined): string {
  const [found] = /[?&]serve8008=\d+/.exec(parent ?? '') ?? []
  const isOfProject = url.startsWith('file:') && !url.includes('/node_modules/') && !url.includes('serve8008=')
  return found === undefined || !isOfProject ? url : `${url}${url.includes('?') ? '&' : '?'}${found.slice(1)}`
}

let imports = 0

/**
 * Imports a module as it is now, with what it imports from the project. Node keeps modules for as long as it runs, so
 * each import has URLs of its own; a version that was replaced stays in memory.
 */
export async function importFresh(url: string): Promise<unknown> {
  if (imports === 0) registerHook()
  imports++
  const { cache } = createRequire(import.meta.url)
  for (const file of importedFiles(fileURLToPath(url))) delete cache[file]
  return import(`${url}?${mark}=${imports}`)
}

function registerHook(): void {
  // Node 22.15 and 23.5; what is older runs hooks in a thread, from their source.
  const { registerHooks, register } = nodeModule as typeof nodeModule & { registerHooks?: RegisterHooks }
  if (registerHooks !== undefined) {
    registerHooks({
      resolve(specifier, context, next) {
        const found = next(specifier, context)
        return { ...found, url: markedUrl(found.url, context.parentURL) }
      },
    })
    return
  }
  const source = `
    const markedUrl = ${markedUrl.toString()}
    export async function resolve(specifier, context, next) {
      const found = await next(specifier, context)
      return { ...found, url: markedUrl(found.url, context.parentURL) }
    }`
  register(`data:text/javascript,${encodeURIComponent(source)}`)
}

/** The types of Node 20 do not know it. */
type RegisterHooks = (hooks: {
  readonly resolve: (
    specifier: string,
    context: { readonly parentURL?: string },
    next: (specifier: string, context: object) => { readonly url: string },
  ) => { readonly url: string }
}) => void
