import { actionText, describeRoute } from '../../config/kinds/describe.ts'
import { kindOf, kinds, type AnyKind } from '../../config/kinds/registry.ts'
import { hasConditions } from '../../config/match.ts'
import type { LoadedConfig } from '../../config/load.ts'
import type { ResolvedRoute } from '../../config/route-types.ts'
import type { ResolvedConfig } from '../../config/types.ts'
import { announcedBy } from '../../server/listening.ts'
import type { Listening } from '../../server/types.ts'
import { isLoopback } from '../../core/util/ip.ts'
import { renderBanner, renderPlainBanner, type BannerFacts, type ShownRoute } from './banner.ts'
import type { Command } from '../args/command.ts'
import { displayPath } from '../output/display.ts'
import { packageVersion, type Program } from '../process-io.ts'
import { renderQrCode } from './qr.ts'
import type { Reporter, OutputOptions } from '../output/reporter.ts'

/** What is known when the server listens. */
export interface StartupFacts {
  readonly listening: Listening
  readonly loaded: LoadedConfig
  /** The loaded configuration with what the command changed. */
  readonly config: ResolvedConfig
  readonly command: Command
  readonly program: Program
  readonly report: Reporter
  /** Milliseconds until the command was read. */
  readonly startMs: number
  /** Milliseconds that the configuration took. */
  readonly configMs: number
  /** Whether keys of the terminal do something. */
  readonly hasKeys: boolean
}

/** Prints that the server listens: a banner, a plain line, a line of JSON, or nothing with --quiet. */
export async function printStartup(start: StartupFacts): Promise<void> {
  const { command, config, report } = start
  if (command.quiet) return
  if (command.json) return report.print((await import('./json-start.ts')).renderJsonStart(start))
  const known = { ...bannerFacts(start), announced: await announcedBy(config, start.listening) }
  const isSkipping = known.listening.listeners.some(({ skipped }) => skipped.length > 0)
  const facts = isSkipping
    ? { ...known, listening: await (await import('./held-ports.ts')).withHolders(known.listening) }
    : known
  if (!report.terminal.isTerminal) return report.print(renderPlainBanner(facts))
  report.print(renderBanner(facts, report.terminal))
  const [address] = facts.listening.urls.network
  if (!config.lan || address === undefined) return
  const code = await renderQrCode(address, report.terminal)
  if (code !== '') report.print(`${code}\n`)
}

function bannerFacts(start: StartupFacts): Omit<BannerFacts, 'announced'> {
  const { listening, config, command, program } = start
  const { cwd } = program
  const readyMs = program.elapsed()
  return {
    version: packageVersion(),
    readyMs: Math.round(readyMs),
    listening,
    folder: folderOf(config.defaultSite ? config : (config.sites[0]?.config ?? config), cwd),
    routes: shownRoutes(config, cwd),
    sites: config.sites.map((site) => ({
      address: listening.sites.find(({ name }) => name === site.name)?.urls[0] ?? site.name,
      folder: siteFolder(site.config, cwd),
    })),
    redirected: redirected(start),
    canShare: config.socket === undefined && config.fd === undefined && listening.addresses.every(isLoopback),
    keys: start.hasKeys ? keyHint : [],
    details: command.verbose ? details(start, readyMs) : [],
  }
}

/** The served folder; undefined where all is forwarded, or nothing else is served. */
function folderOf({ routes, root }: ResolvedConfig, cwd: string): string | undefined {
  const isForwarding = root === undefined && routes.some(({ action }) => kindOf(action).isForwarded)
  return isForwarding || routes.some(takesAll) ? undefined : displayPath(root ?? '', cwd)
}

/** What a site serves: its folder, or where all of it is forwarded to. */
function siteFolder(config: ResolvedConfig, cwd: string): string {
  const all = config.routes.find(takesAll)
  return folderOf(config, cwd) ?? (all === undefined ? '' : `-> ${describeRoute(all)}`)
}

/** Every route, and the option `handler`: folders beside the served one, then the others in the order of their kinds. */
function shownRoutes({ routes, handler, base }: ResolvedConfig, cwd: string): ShownRoute[] {
  const show = (path: string): string => displayPath(path, cwd)
  const row = ({ label = usualLabel, isFolder }: AnyKind, route: string, text: string): ShownRoute => ({
    label,
    isFolder: isFolder === true,
    route,
    text,
  })
  const shown = routes.map((route) =>
    row(kindOf(route.action), route.id, describeRoute(route, actionText(route.action, show))),
  )
  if (handler !== undefined) {
    shown.push(row(kinds.handler, base, handler.file === undefined ? handler.handler : show(handler.file)))
  }
  const headings = Object.values(kinds).map(({ label: [heading] = usualLabel }) => heading)
  const place = ({ label: [heading], isFolder }: ShownRoute): number => (isFolder ? -1 : headings.indexOf(heading))
  return shown.toSorted((one, other) => place(one) - place(other))
}

const usualLabel = ['Routes', 'Route'] as const

/** Whether a route takes every request: of `/` and all below it, on every host, without a condition. Code may pass it on. */
function takesAll({ match, action }: ResolvedRoute): boolean {
  return match.kind === 'prefix' && match.path === '/' && !hasConditions(match) && kindOf(action).isCode !== true
}

/** The address for plain HTTP where all of it is sent to HTTPS. */
function redirected({ listening, config }: StartupFacts): string | undefined {
  if (config.redirect !== 'always' || listening.port === 0) return undefined
  const url = new URL(listening.url)
  url.protocol = 'http:'
  url.port = String(listening.port)
  return url.href
}

function details({ loaded, program, startMs, configMs }: StartupFacts, readyMs: number): BannerFacts['details'] {
  const given = Object.entries(loaded.origins).filter(([, origin]) => origin !== 'default')
  const timings = { start: startMs, config: configMs, listen: readyMs - startMs - configMs }
  return [
    ['Config', [loaded.file === undefined ? 'no file' : displayPath(loaded.file, program.cwd)]],
    ['Set by', given.length === 0 ? ['defaults'] : given.map(([key, origin]) => `${key}: ${origin}`)],
    ['Timing', Object.entries(timings).map(([phase, ms]) => `${phase} ${Math.round(ms)} ms`)],
  ]
}

/** The keys as the banner names them. */
const keyHint: readonly string[] = ['h help', 'o open', 'd dashboard', 'q QR code', 'r reload', '^C stop']

/** Whether keys are read: input and output are terminals, and the output is for a person. */
export function canUseKeys(program: Program, { quiet, json }: OutputOptions, { terminal }: Reporter): boolean {
  // Standard input is opened only where standard output is a terminal.
  return !quiet && !json && terminal.isTerminal && program.stdin?.isTTY === true
}
