import { existsSync } from 'node:fs'
import { basename } from 'node:path'
import { callOf, isHandler } from '../config/kinds/handler.ts'
import { importDefault, type ImportModule } from '../config/sources/module-file.ts'
import { ServeError } from '../core/serve-error.ts'
import type { FetchHandler } from '../server/fetch-layer.ts'
import { errorText, placedError } from './error-place.ts'
import { importModule } from './import-config.ts'
import { importFresh } from './import-fresh.ts'

/**
 * Imports the module of a handler, whose default export is a function `(request) => Response` or an object with `fetch`.
 *
 * @param isAgain Imports it, and what it imports from the project, as they are now.
 * @throws ServeError `E8008_CONFIG_NOT_FOUND`, `E8008_CONFIG_UNREADABLE`
 */
export async function loadHandler(file: string, isAgain = false): Promise<FetchHandler> {
  const name = basename(file)
  if (!existsSync(file)) {
    throw new ServeError('E8008_CONFIG_NOT_FOUND', `There is no module ${file} for the option handler.`, {
      hint: 'check the path: serve8008 --handler FILE',
    })
  }
  const handler = await importDefault(file, name, isAgain ? placed(importFresh) : importModule)
  if (isHandler(handler)) return callOf(handler)
  throw new ServeError('E8008_CONFIG_UNREADABLE', `${name} does not export a handler by default.`, {
    hint: "export default (request) => new Response('ok'), or an app with the method fetch",
  })
}

/** Adds line and column to the error of a module. */
function placed(run: (url: string) => Promise<unknown>): ImportModule {
  return async (url) => {
    try {
      return await run(url)
    } catch (thrown) {
      throw await placedError(errorText(thrown), new URL(url).pathname, thrown)
    }
  }
}
