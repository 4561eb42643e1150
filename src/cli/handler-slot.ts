import { basename } from 'node:path'
import type { ResolvedHandler } from '../config/kinds/handler.ts'
import type { ResolvedConfig } from '../config/types.ts'
import { clockTime, isoNow } from '../core/util/log-format.ts'
import { printable, printableJson } from '../core/util/sanitize.ts'
import type { FetchHandler } from '../server/fetch-layer.ts'
import type { Server8008 } from '../server/types.ts'
import { loadHandler } from './handler-module.ts'
import { importedFiles } from './imported-files.ts'
import type { OutputOptions, Reporter } from './output/reporter.ts'
import { watchImports } from './watch-imports.ts'

/** The handler of a server, which an edit replaces while the server runs. */
export interface HandlerSlot {
  /** The configuration with the handler. The module, and what it imports from the project, is not served. */
  readonly config: ResolvedConfig
  /** Replaces the handler; requests under way finish in the old one. */
  replace(call: FetchHandler): void
  /** Loads the module again after each edit, until the server closes. A broken edit leaves the old one in place. */
  watch(server: Server8008, report: Reporter, options: OutputOptions): void
}

/**
 * Opens the option `handler`.
 *
 * @throws ServeError `E8008_CONFIG_UNREADABLE` for a module that cannot be used
 */
export async function openHandlerSlot(config: ResolvedConfig, handler: ResolvedHandler): Promise<HandlerSlot> {
  const { file } = handler
  let current = file === undefined ? (handler.call as FetchHandler) : await loadHandler(file)
  const call: FetchHandler = (request, context) => current(request, context)
  const hidden = file === undefined ? [] : importedFiles(file)
  return {
    config: { ...config, handler: { ...handler, call }, secretFiles: [...config.secretFiles, ...hidden] },
    replace: (next) => void (current = next),
    watch(server, report, { quiet, json }) {
      if (file === undefined) return
      const name = basename(file)
      let turn = Promise.resolve()
      const tell = (text: string): void => {
        if (quiet) return
        const line = json
          ? printableJson({ handler: { time: isoNow(), file, text } })
          : `${clockTime(Date.now())}  handler ${printable(name)} ${text}`
        report.print(`${line}\n`)
      }
      const reload = async (): Promise<void> => {
        try {
          current = await loadHandler(file, true)
          tell('answers as it is now')
          await server.reload()
        } catch (error) {
          report.error(error)
          tell('was not applied; the previous one answers')
        }
        watched.update()
      }
      // One after the other: of two edits the later one stays.
      const watched = watchImports(file, () => void (turn = turn.then(reload)))
      server.on('close', watched.close)
    },
  }
}
