import { loadConfig } from '../../config/load.ts'
import type { ResolvedConfig } from '../../config/types.ts'
import { createServerFrom, pluginHost } from '../../server/create.ts'
import type { ProgramOptions } from '../../server/embedder-options.ts'
import type { Warning } from '../../core/warning.ts'
import { activationWarnings, socketActivation, type Activation } from './activation.ts'
import { printStartup, canUseKeys } from './startup-output.ts'
import type { Command } from '../args/command.ts'
import { flags } from '../args/flags.ts'
import { isReaderGone } from '../output/printer.ts'
import type { Program } from '../process-io.ts'
import { addedFlag } from '../args/corrected-command.ts'
import type { Keys } from './keys.ts'
import type { Reporter } from '../output/reporter.ts'
import { onSignals, createShutdown } from './shutdown.ts'
import { lineColumns } from '../output/terminal.ts'

/** Milliseconds after which other commands of the user can find the server. */
const announceMs = 100

/** Milliseconds within which ^C ends another command that has the terminal. */
const interruptMs = 1000

/** Reports an error that nothing caught. Returns false where the server cannot go on. */
export type LateErrors = (thrown: unknown) => boolean

const none: LateErrors = () => false

/**
 * Serves until a signal comes or the reader of the output leaves. Resolves once the server listens, with what takes
 * errors of the project's code: handlers and plugins.
 */
export async function serve(command: Command, program: Program, report: Reporter): Promise<LateErrors> {
  const startMs = program.elapsed()
  const { cwd, env } = program
  const loadedAt = Date.now()
  const loaded = await loadConfig({
    cwd,
    flags: command.flags,
    env,
    config: command.config,
    // Loaded for a config file that is a module alone.
    importModule: async (url) => (await import('../import-config.ts')).importConfig(url),
  })
  const activation = isAddressNamed(command) ? undefined : socketActivation(env, program.pid)
  const given = commandConfig(loaded.config, command, activation)
  const slot = given.handler && (await (await import('../handler-slot.ts')).openHandlerSlot(given, given.handler))
  const config = slot?.config ?? given
  const configMs = program.elapsed() - startMs
  const { terminal } = report
  const { color } = terminal
  const output: ProgramOptions = {
    write: report.print,
    color,
    phrase: (fix) => addedFlag(fix, flags),
    ...(await authorityOf(config, env)),
    get columns() {
      return lineColumns(terminal)
    },
  }
  const owner = { token: '' }
  const server = createServerFrom(config, output, loaded.resolve, { owner })
  server.on('certificate', (files) => {
    void import('./certificate-line.ts').then((it) => report.print(it.certificateLine(files, command, cwd)))
  })
  program.unblock?.()
  const shutdown = createShutdown(server, report, command)
  let keys: Keys | undefined
  onSignals({
    env,
    on(name, listener) {
      program.on(name, (cause) => {
        if (name !== 'SIGINT' || keys?.isLent() !== true) return listener(cause)
        // ^C is meant for the command that has the terminal, and ends it. If it continues, the signal came to us alone.
        void keys.returned(interruptMs).then((isOver) => isOver || listener(cause))
      })
    },
    elapsed: program.elapsed,
    drain: shutdown.stop,
    force: program.exit,
  })
  // `serve8008 | head` ends when the reader does, quietly. A full disk is reported, and ends nothing.
  program.stdout.on('error', (error) => void (isReaderGone(error, program.stdout) && shutdown.stop()))
  server.on('error', (error) => void report.error(error))
  // Warnings of the start belong below the banner.
  const warnings: Warning[] = [...loaded.warnings, ...(activation === undefined ? [] : activationWarnings(activation))]
  const gather = (warning: Warning): void => void warnings.push(warning)
  server.on('warning', gather)
  if (config.plugins.length > 0) {
    const { createPluginHost } = await import('../../server/plugins.ts')
    pluginHost(server, createPluginHost).start(config.plugins)
  }
  const listening = await server.listen().catch(async (error: unknown) => {
    if (shutdown.isStopping()) return undefined
    // Plugins free what they opened.
    await server.close()
    const { explainStartError } = await import('./start-error.ts')
    throw await explainStartError(error, loaded, env, !command.quiet && !command.json)
  })
  if (listening === undefined) return none
  if (listening.skipped.length > 0 && (loaded.origins['port'] ?? 'default') === 'default') {
    const { yieldToFirst } = await import('./already-served.ts')
    if (await yieldToFirst({ server, listening, loaded, command, program, report })) return none
  }
  const keyboard = canUseKeys(program, command, report) ? await program.keyboard?.() : undefined
  const hasKeys = (await keyboard?.isForeground()) ?? false
  await printStartup({ listening, loaded, config, command, program, report, startMs, configMs, hasKeys })
  const lines = {
    format: config.log,
    color,
    root: config.root ?? cwd,
    cwd,
    get columns() {
      return lineColumns(terminal)
    },
  }
  // No page is open yet.
  void import('./live-lines.ts').then(({ pageErrorLine, updateLine }) => {
    server.on('reload', (update) => report.print(updateLine(update, lines)))
    server.on('console', (error) => report.print(pageErrorLine(error, lines)))
  })
  if (keyboard !== undefined) {
    const { useServerKeys } = await import('./server-keys.ts')
    keys = await useServerKeys({ server, listening, config, program, report, keyboard })
  }
  // Behind the first answer: loading it, and the token, cost milliseconds of start-up.
  let onRoutes = (): void => {}
  const registering = setTimeout(() => {
    void import('./registration.ts').then((it) => {
      onRoutes = it.register(server, listening, loaded, { owner, command, program })
    })
  }, announceMs).unref()
  server.on('close', () => clearTimeout(registering))
  slot?.watch(server, report, command)
  if (loaded.file !== undefined) {
    const { watchConfig } = await import('./config-watcher.ts')
    watchConfig({ server, slot, loaded, loadedAt, command, program, report, onRoutes: () => onRoutes() })
  }
  for (const warning of warnings) report.warning(warning)
  server.off('warning', gather).on('warning', report.warning)
  if (loaded.options.preset !== undefined) {
    const { presetWarnings } = await import('./preset-warnings.ts')
    for (const warning of await presetWarnings(loaded)) report.warning(warning)
  }
  if (config.open !== undefined) {
    const { openBrowser } = await import('../browser.ts')
    const warn = (message: string): void => report.warning({ code: 'W8008_OPEN', message })
    await openBrowser(listening.url, config.open, env, warn)
  }
  // Code of the project is that of a handler, or comes in a config module.
  if (config.handler === undefined && !/\.[cm]?[jt]s$/.test(loaded.file ?? '')) return none
  const { reportLateError } = await import('../error-place.ts')
  return (thrown) => reportLateError(thrown, report)
}

/** A flag that says where to listen overrides the socket of systemd. */
function isAddressNamed({ flags }: Command): boolean {
  return (['port', 'host', 'lan', 'socket', 'fd'] as const).some((key) => flags[key] !== undefined)
}

/** What the command changes: the log follows --json and --quiet, and an inherited socket takes the place of ports. */
function commandConfig(config: ResolvedConfig, command: Command, activation: Activation | undefined): ResolvedConfig {
  const log = command.quiet ? 'none' : command.json && config.log !== 'none' ? 'json' : config.log
  if (activation === undefined) return { ...config, log }
  const direct = { fd: activation.fd, socket: undefined }
  const plain = config.listeners.find(({ tls }) => !tls)
  const listeners = config.listeners.map((each) => (each === plain ? { ...each, ...direct } : each))
  return { ...config, ...direct, log, listeners }
}

/** The local authority that issues the certificates, if one is needed. */
async function authorityOf({ listeners }: ResolvedConfig, env: Program['env']): Promise<{ authorityFolder?: string }> {
  if (!listeners.some(({ tls, certificates }) => tls && certificates.length === 0)) return {}
  const { authorityOwner } = await import('../authority-owner.ts')
  return { authorityFolder: authorityOwner(env).folder }
}
