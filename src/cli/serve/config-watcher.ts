import { existsSync, type Stats } from 'node:fs'
import { relative } from 'node:path'
import { isDeepStrictEqual } from 'node:util'
import { loadConfig, type LoadedConfig } from '../../config/load.ts'
import { hasFetch } from '../../config/plain-object.ts'
import { kindOf } from '../../config/kinds/registry.ts'
import { optionTable, type OptionEntry } from '../../config/options/option-table.ts'
import type { ResolvedRoute } from '../../config/route-types.ts'
import type { ServeOptions } from '../../config/types.ts'
import { pluginHost } from '../../server/create.ts'
import type { Server8008 } from '../../server/types.ts'
import { clockTime, isoNow } from '../../core/util/log-format.ts'
import { printable, printableJson } from '../../core/util/sanitize.ts'
import { redactText } from '../../core/util/secret.ts'
import type { Command } from '../args/command.ts'
import { importInProcess } from '../import-in-process.ts'
import { watchImports } from '../watch-imports.ts'
import type { Program } from '../process-io.ts'
import type { Reporter } from '../output/reporter.ts'
import type { HandlerSlot } from '../handler-slot.ts'
import { routeChanges } from './route-changes.ts'

/** What watching a config file needs. */
export interface ConfigWatchOptions {
  readonly server: Server8008
  /** The handler of the server, if it has one. */
  readonly slot: HandlerSlot | undefined
  readonly loaded: LoadedConfig
  /** Wall-clock time before it was loaded, in milliseconds since 1970. */
  readonly loadedAt: number
  readonly command: Command
  readonly program: Program
  readonly report: Reporter
  /** Called when the routes may have changed. */
  readonly onRoutes: () => void
}

/** Milliseconds after which a deleted config file counts as gone: editors delete and write files. */
const goneMs = 1000
/** Most lines that report one edit; beside what needs a restart, which the user has to do next, one is enough. */
const mostLines = 20
/** Most options that need a restart whose values are named. */
const mostValues = 5
/** Most routes that are named in one line. */
const mostNames = 4
/** Options that hold from the start of the server on. */
const startOnly = optionTable.filter(({ takesEdits }) => takesEdits !== true)

/**
 * Applies edits of the config file and of what it imports from the project: its routes hold from the next request on, and
 * its plugins are set up again.
 * An edit that cannot be read or is wrong changes nothing and is reported, as are options that need a restart. Ends
 * with the server.
 */
export function watchConfig(options: ConfigWatchOptions): void {
  const { server, slot, loaded, loadedAt, command, program, report, onRoutes } = options
  if (loaded.file === undefined) return
  const config: string = loaded.file
  const { cwd, env } = program
  const { flags } = command
  const name = relative(cwd, config)
  const named = typeof command.config === 'string' ? command.config : name
  let applied = loaded
  let told = ''
  let turn = Promise.resolve()
  let isOver = false
  let isRefused = false
  let reading = new AbortController()

  async function read(signal: AbortSignal): Promise<void> {
    const importModule = (url: string): Promise<unknown> => importInProcess(url, 'options', signal)
    const next = await loadConfig({ cwd, flags, env, config: named, importModule })
    if (signal.aborted) return
    const former = applied
    const isNew = !isDeepStrictEqual(next.config.routes, former.config.routes)
    const useRoutes = ({ options: { proxy = {}, routes = [], mounts = {} } }: LoadedConfig): void => {
      if (isNew) server.routes.replace({ proxy, routes, mounts })
    }
    if (former.config.plugins.length + next.config.plugins.length > 0) {
      const { createPluginHost } = await import('../../server/plugins.ts')
      const host = pluginHost(server, createPluginHost)
      await host.replace(
        next.config.plugins,
        () => useRoutes(next),
        () => useRoutes(former),
      )
      tellLines([pluginsText(next)])
    } else useRoutes(next)
    applied = next
    onRoutes()
    const call = next.config.handler?.call
    if (call !== undefined && slot !== undefined) {
      slot.replace(call)
      tellLines(['has its handler loaded again'])
    }
    if (
      call !== undefined ||
      [...former.config.routes, ...next.config.routes].some(({ action }) => kindOf(action).isCode)
    )
      await server.reload()
    const others = startOnly.filter(({ key }) => textOf(next, key) !== textOf(loaded, key))
    // A program waits for an answer to its edit, and so does a user who has repaired a broken one.
    if (isNew || isRefused || command.json) {
      tell(
        former.config.routes,
        next.config.routes,
        isNew,
        others.map(({ key }) => key),
      )
    }
    isRefused = false
    const list = others.map((option) => optionChange(option, loaded.options, next.options)).join('; ')
    if (list !== told && list !== '') {
      const what = others.length > mostValues ? others.map(({ key }) => key).join(', ') : list
      const message = `${printable(name)} has changes that need a restart of serve8008: ${what}.`
      report.warning({ code: 'W8008_RESTART', message })
    }
    if (list === '' && told !== '') tellLines(['no restart is pending any more'])
    told = list
  }

  function tell(
    before: readonly ResolvedRoute[],
    after: readonly ResolvedRoute[],
    isNew: boolean,
    restart: readonly string[],
  ): void {
    if (command.quiet) return
    const changes = routeChanges(before, after)
    if (command.json) {
      const ids = after.map(({ id }) => id)
      return report.print(
        `${printableJson({ routes: { time: isoNow(), ids, changes: changes.map(({ facts }) => facts), restart } })}\n`,
      )
    }
    const unchanged = isNew ? 'the routes have another order' : 'is valid again; the routes have not changed'
    const lines = changes.length === 0 ? [unchanged] : changes.map(({ text }) => text)
    if (restart.length > 0 && changes.length > 1) {
      const names = changes.slice(0, mostNames).map(({ facts }) => facts.route)
      const more = changes.length > mostNames ? `, and ${changes.length - mostNames} more` : ''
      return tellLines([`has changed routes: ${names.join(', ')}${more}`])
    }
    const left = lines.length - mostLines
    const shown = left > 0 ? [...lines.slice(0, mostLines), `${left} more routes have changed`] : lines
    tellLines(shown)
  }

  function tellLines(lines: readonly string[]): void {
    if (command.quiet || command.json) return
    report.print(lines.map((line) => `${clockTime(Date.now())}  config ${printable(line)}\n`).join(''))
  }

  function look({ mtimeMs }: Stats): void {
    // An editor that puts a new file in place of the old one, unless none comes.
    if (mtimeMs === 0) return void setTimeout(tellOfLoss, goneMs).unref()
    // A newer edit replaces an older one, which may never finish loading.
    reading.abort()
    const { signal } = (reading = new AbortController())
    turn = turn
      .then(() => (signal.aborted ? undefined : read(signal)))
      .catch((error: unknown) => (signal.aborted ? undefined : refuse(error)))
      // The fault of an unreadable file may be in one that it imports.
      .then(() => watched.update())
  }

  function tellOfLoss(): void {
    if (isOver || isRefused || existsSync(config)) return
    isRefused = true
    const message = `${printable(name)} was deleted; its settings stay in use.`
    report.warning({ code: 'W8008_CONFIG', message })
  }

  function refuse(error: unknown): void {
    isRefused = true
    report.error(error)
    const message = `${printable(name)} was not applied; the previous ${applied.config.plugins.length === 0 ? 'routes' : 'routes and plugins'} stay in use.`
    report.warning({ code: 'W8008_CONFIG', message })
  }

  const watched = watchImports(config, loadedAt, look)
  server.on('close', () => {
    isOver = true
    reading.abort()
    watched.close()
  })
}

function pluginsText({ config: { plugins } }: LoadedConfig): string {
  return plugins.length === 0 ? 'has no plugins now' : `has set up ${plugins.map(({ name }) => name).join(', ')} again`
}

function textOf({ options }: LoadedConfig, key: keyof ServeOptions): string {
  // An app is code, and may refer to itself.
  return hasFetch(options[key]) ? '' : (JSON.stringify(options[key]) ?? '')
}

/** `port becomes 3000 (now 8008)`, or the name alone where a value is a secret or no short text. */
function optionChange(
  { key, isSecret, default: usual }: OptionEntry,
  before: ServeOptions,
  after: ServeOptions,
): string {
  const shown = (value: unknown): string | undefined => {
    if (value === undefined) return usual === '' ? 'not set' : usual
    if (typeof value === 'boolean') return value ? 'on' : 'off'
    const list = [value].flat()
    return isSecret || list.some((each) => typeof each === 'object')
      ? undefined
      : redactText(list.map(String).join(', '))
  }
  const [was, now] = [shown(before[key]), shown(after[key])]
  return was === undefined || now === undefined
    ? key
    : `${key} becomes ${printable(now, 80)} (now ${printable(was, 80)})`
}
