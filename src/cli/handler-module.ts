import { existsSync } from 'node:fs'
import { basename } from 'node:path'
import { callOf, isHandler } from '../config/kinds/handler.ts'
import { importDefault } from '../config/sources/module-file.ts'
import { ServeError } from '../core/serve-error.ts'
import type { FetchHandler } from '../server/fetch-layer.ts'
import { importHandler } from './import-config.ts'

/**
 * Imports the module of a handler, whose default export is a function `(request) => Response` or an object with `fetch`.
 *
 * @param edited Imports it, and what it imports from the project, as they are now, once they have loaded in a process of
 *   their own; aborting ends that process.
 * @throws ServeError `E8008_CONFIG_NOT_FOUND`, `E8008_CONFIG_UNREADABLE`
 */
export async function loadHandler(file: string, edited?: AbortSignal): Promise<FetchHandler> {
  const name = basename(file)
  if (!existsSync(file)) {
    throw new ServeError('E8008_CONFIG_NOT_FOUND', `There is no module ${file} for the option handler.`, {
      hint: 'check the path: serve8008 --handler FILE',
    })
  }
  const importModule =
    edited && (async (url: string) => (await import('./import-in-process.ts')).importInProcess(url, 'handler', edited))
  const handler = await importDefault(file, name, importModule ?? importHandler, 'handler')
  if (isHandler(handler)) return callOf(handler)
  throw new ServeError('E8008_CONFIG_UNREADABLE', `${name} does not export a handler by default.`, {
    hint: "export default (request) => new Response('ok'), or an app with the method fetch",
  })
}
