import type { Stats } from 'node:fs'
import { basename } from 'node:path'
import { setTimeout } from 'node:timers/promises'
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

/** Milliseconds after which a deleted module counts as gone: editors delete and write files. */
const goneMs = 1000

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
  const loadedAt = Date.now()
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
      let reading = new AbortController()
      const tell = (text: string): void => {
        if (quiet) return
        const line = json
          ? printableJson({ handler: { time: isoNow(), file, text } })
          : `${clockTime(Date.now())}  handler ${printable(name)} ${text}`
        report.print(`${line}\n`)
      }
      const reload = async (signal: AbortSignal): Promise<void> => {
        if (signal.aborted) return
        try {
          const next = await loadHandler(file, signal)
          if (signal.aborted) return
          current = next
          tell('answers as it is now')
          await server.reload()
        } catch (error) {
          if (signal.aborted) return
          report.error(error)
          tell('was not applied; the previous one answers')
        }
        watched.update()
      }
      // One after the other: of two edits the later one stays, and an earlier one that does not end is given up.
      const look = ({ mtimeMs }: Stats): void => {
        reading.abort()
        const { signal } = (reading = new AbortController())
        // An editor may put another file in place of the old one.
        const isThere = mtimeMs === 0 ? setTimeout(goneMs, undefined, { ref: false }) : Promise.resolve()
        turn = turn.then(() => isThere).then(() => reload(signal))
      }
      const watched = watchImports(file, loadedAt, look)
      server.on('close', () => {
        reading.abort()
        watched.close()
      })
    },
  }
}
