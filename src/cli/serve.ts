import { loadConfig, type LoadedConfig } from '../config/load.ts'
import type { ResolvedConfig } from '../config/types.ts'
import { createServerFrom } from '../server/create.ts'
import type { Listening, Server8008, Warning } from '../server/types.ts'
import { isLoopback } from '../util/ip.ts'
import { activatedDescriptor } from './activation.ts'
import { renderBanner, renderJsonBanner, renderPlainBanner, type BannerFacts } from './banner.ts'
import { openBrowser } from './browser.ts'
import type { Command } from './command.ts'
import { displayPath } from './paths.ts'
import type { Program } from './program.ts'
import { renderQrCode } from './qr.ts'
import type { Report } from './report.ts'
import { onSignals } from './signals.ts'
import { packageVersion } from './version.ts'

/** Serves until a signal comes or the reader of the output leaves. Resolves once the server listens. */
export async function serve(command: Command, program: Program, report: Report): Promise<void> {
  const startMs = program.elapsed()
  const { cwd, env } = program
  const loaded = await loadConfig({ cwd, flags: command.flags, env, config: command.config })
  const config = commandConfig(loaded.config, command, program)
  const configMs = program.elapsed() - startMs
  const { color, columns } = report.terminal
  const server = createServerFrom(config, { write: report.print, color, columns })

  const stop = stopper(server, report)
  onSignals({ env, on: program.on, elapsed: program.elapsed, drain: stop.now, force: program.exit })
  // `serve8008 | head` ends when the reader does, quietly.
  program.stdout.on('error', stop.now)
  server.on('error', (error) => void report.error(error))
  // Warnings of the start belong below the banner.
  const warnings: Warning[] = []
  const gather = (warning: Warning): void => void warnings.push(warning)
  server.on('warning', gather)
  const listening = await server.listen().catch((error: unknown) => {
    if (!stop.isStopping()) throw error
  })
  if (listening === undefined) return
  const facts = bannerFacts(listening, loaded, config, command, program, [startMs, configMs])
  await announce(facts, config, command, program, report)
  for (const warning of warnings) report.warning(warning)
  server.off('warning', gather).on('warning', report.warning)
  if (config.open !== undefined) {
    const warn = (message: string): void => report.warning({ code: 'W8008_OPEN', message })
    await openBrowser(listening.url, config.open, env, warn)
  }
}

/** Closes the server once and then ends the process; a closing that fails is a runtime error. */
function stopper(server: Server8008, report: Report): { now(): void; isStopping(): boolean } {
  let stopping = false
  return {
    now() {
      if (stopping) return
      stopping = true
      const closed = server.close().then(
        () => 0,
        (error: unknown) => report.error(error),
      )
      void closed.then(report.leave)
    },
    isStopping: () => stopping,
  }
}

/** What the command changes: the log follows --json and --quiet, and systemd may have a socket for us. */
function commandConfig(config: ResolvedConfig, command: Command, program: Program): ResolvedConfig {
  const log = command.quiet ? 'none' : command.json && config.log !== 'none' ? 'json' : config.log
  const told = (['port', 'host', 'lan', 'socket', 'fd'] as const).some((key) => command.flags[key] !== undefined)
  const fd = told ? undefined : activatedDescriptor(program.env, program.pid)
  return fd === undefined ? { ...config, log } : { ...config, log, fd, socket: undefined }
}

async function announce(
  facts: BannerFacts,
  config: ResolvedConfig,
  command: Command,
  program: Program,
  report: Report,
): Promise<void> {
  if (command.quiet) return
  if (command.json) return report.print(renderJsonBanner(facts, config.root, program.pid))
  if (!report.terminal.isTerminal) return report.print(renderPlainBanner(facts) + plainDetails(facts))
  const [address] = facts.listening.urls.network
  const code = config.lan && address !== undefined ? await renderQrCode(address, report.terminal) : ''
  report.print(`${renderBanner(facts, report.terminal)}${code === '' ? '' : `${code}\n`}`)
}

function bannerFacts(
  listening: Listening,
  loaded: LoadedConfig,
  config: ResolvedConfig,
  command: Command,
  program: Program,
  [startMs, configMs]: readonly [number, number],
): BannerFacts {
  const { cwd } = program
  const readyMs = program.elapsed()
  const timings = { start: startMs, config: configMs, listen: readyMs - startMs - configMs }
  const given = Object.entries(loaded.origins).filter(([, origin]) => origin !== 'default')
  const details: BannerFacts['details'] = [
    ['Config', [loaded.file === undefined ? 'no file' : displayPath(loaded.file, cwd)]],
    ['Set by', given.length === 0 ? ['defaults'] : given.map(([key, origin]) => `${key}: ${origin}`)],
    ['Timing', Object.entries(timings).map(([phase, ms]) => `${phase} ${Math.round(ms)} ms`)],
  ]
  return {
    version: packageVersion(),
    readyMs: Math.round(readyMs),
    listening,
    folder: displayPath(config.root, cwd),
    mounts: config.mounts.map(({ path, folder }) => ({ path, folder: displayPath(folder, cwd) })),
    canShare: config.socket === undefined && config.fd === undefined && listening.addresses.every(isLoopback),
    details: command.verbose ? details : [],
  }
}

function plainDetails(facts: BannerFacts): string {
  return facts.details.map(([label, parts]) => `${label}: ${parts.join(', ')}\n`).join('')
}
