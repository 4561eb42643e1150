import { statSync, unwatchFile, watchFile, type Stats } from 'node:fs'
import { basename, relative } from 'node:path'
import { loadConfig, type LoadedConfig } from '../config/load.ts'
import { optionTable } from '../config/option-table.ts'
import type { Server8008 } from '../server/types.ts'
import { clockTime } from '../util/clock.ts'
import { printable, printableJson } from '../util/sanitize.ts'
import type { Command } from './command.ts'
import { importInProcess } from './import-in-process.ts'
import { importedFiles } from './imported-files.ts'
import type { Program } from './program.ts'
import type { Report } from './report.ts'

/** What following a config file needs. */
export interface FollowOptions {
  readonly server: Server8008
  readonly loaded: LoadedConfig
  /** Wall-clock time before it was loaded, in milliseconds since 1970. */
  readonly loadedAt: number
  readonly command: Command
  readonly program: Program
  readonly report: Report
}

/** Milliseconds between looks: few files, and editors that replace them confuse what systems report. */
const lookMs = 250
/** Options that are applied to the server as it runs. */
const applied: ReadonlySet<string> = new Set(['proxy', 'routes'])

/**
 * Applies edits of the config file and of what it imports from the project: its routes hold from the next request on.
 * An edit that cannot be read or is wrong changes nothing and is told of; so are options that need a new start. Ends
 * with the server.
 */
export function followConfig({ server, loaded, loadedAt, command, program, report }: FollowOptions): void {
  if (loaded.file === undefined) return
  const config: string = loaded.file
  const { cwd, env } = program
  const { flags } = command
  const name = relative(cwd, config)
  const named = typeof command.config === 'string' ? command.config : name
  const textOf = (options: LoadedConfig['options'], key: string): string =>
    JSON.stringify(options[key as keyof typeof options]) ?? ''
  let current = routesText(loaded)
  let told = ''
  let turn = Promise.resolve()
  let isOver = false
  let reading = new AbortController()
  const watched = new Set<string>()

  async function read(signal: AbortSignal): Promise<void> {
    const importModule = (url: string): Promise<unknown> => importInProcess(url, signal)
    const next = await loadConfig({ cwd, flags, env, config: named, importModule })
    if (signal.aborted) return
    const { proxy = {}, routes = [] } = next.options
    if (routesText(next) !== current) {
      server.routes.replace({ proxy, routes })
      current = routesText(next)
      tell(next)
    }
    const others = optionTable.map(({ key }) => key).filter((key) => !applied.has(key) && isChanged(key, next))
    const names = others.join(', ')
    if (names !== told && names !== '') {
      const verb = others.length === 1 ? 'has' : 'have'
      report.warning({
        code: 'W8008_RESTART',
        message: `${names} ${verb} changed in ${printable(basename(config))}: start again for that.`,
      })
    }
    told = names
  }

  function isChanged(key: string, next: LoadedConfig): boolean {
    return textOf(next.options, key) !== textOf(loaded.options, key)
  }

  function tell({ config: { routes } }: LoadedConfig): void {
    if (command.quiet) return
    const names = routes.map((route) => route.name)
    if (command.json) return report.print(`${printableJson({ routes: { time: Date.now(), names } })}\n`)
    const list = names.length === 0 ? 'none' : names.map((each) => printable(each)).join(', ')
    report.print(`${clockTime(Date.now())}  routes ${list}\n`)
  }

  function look({ mtimeMs }: Stats): void {
    // An editor that puts a new file in the place of the old one.
    if (mtimeMs === 0) return
    // What an older edit says counts no more, and it may never come to an end.
    reading.abort()
    const { signal } = (reading = new AbortController())
    turn = turn
      .then(() => (signal.aborted ? undefined : read(signal)))
      .catch((error: unknown) => (signal.aborted ? undefined : refuse(error)))
      .then(watch)
  }

  function refuse(error: unknown): void {
    report.error(error)
    const message = `${printable(name)} was not applied: the routes from before stay in use.`
    report.warning({ code: 'W8008_CONFIG', message })
  }

  /** An edit may import other files than before, and one that cannot be read may import the one to mend. */
  function watch(): void {
    const files = isOver ? [] : importedFiles(config)
    for (const file of watched) if (!files.includes(file)) stopWatching(file)
    for (const file of files) {
      if (watched.has(file)) continue
      watched.add(file)
      watchFile(file, { interval: lookMs, persistent: false }, look)
    }
  }

  function stopWatching(file: string): void {
    watched.delete(file)
    unwatchFile(file, look)
  }

  watch()
  // The watch knows the files as they are now; an edit since the start would go unseen. File systems tell time coarsely.
  const stats = [...watched].map((each) => statSync(each, { throwIfNoEntry: false }))
  const edited = stats.find((stat) => stat !== undefined && stat.mtimeMs > loadedAt - 20)
  if (edited !== undefined) look(edited)
  server.on('close', () => {
    isOver = true
    reading.abort()
    watch()
  })
}

function routesText({ config }: LoadedConfig): string {
  return JSON.stringify(config.routes)
}
