import type { Environment } from '../../config/sources/env.ts'
import type { LoadedConfig } from '../../config/load.ts'
import type { ResolvedConfig } from '../../config/types.ts'
import { ServeError } from '../../core/serve-error.ts'
import type { Holder } from '../../net/types.ts'
import type { Listening, Server8008 } from '../../server/types.ts'
import { printable } from '../../core/util/sanitize.ts'
import { openBrowser } from '../browser.ts'
import type { Command } from '../args/command.ts'
import type { Program } from '../process-io.ts'
import type { Reporter } from '../output/reporter.ts'
import type { RunningServer } from '../../control/server-registry.ts'
import { isSameFolder, runningServers } from '../server-process.ts'
import { settingsHash } from '../server-settings.ts'

/** What a second start needs to know. */
export interface SecondStart {
  readonly server: Server8008
  readonly listening: Listening
  readonly loaded: LoadedConfig
  readonly command: Command
  readonly program: Program
  readonly report: Reporter
}

/**
 * Ends a second server that went to another port only because the first one, of the same folder with the same settings,
 * has the usual one: a user who types the same command twice wants the address, which the error says, or with --open the page.
 * Other settings, and a port that was named, 0 too, start a second one.
 *
 * @returns whether it ended.
 * @throws ServeError E8008_PORT_HELD with the address of the first
 */
export async function yieldToFirst(second: SecondStart): Promise<boolean> {
  const { server, listening, loaded, command, program, report } = second
  const { env } = program
  const { root, open } = loaded.config
  if (root === undefined) return false
  const settings = settingsHash(loaded.file, command, env)
  // Process ids are used again: it is the first one only if that process has the port, as far as the search came.
  const isHeldBy = (pid: number, holder: Holder | undefined): boolean =>
    holder === undefined || holder.hidden === 'search' || holder.pid === pid
  const first = runningServers(env).find(
    (each) =>
      isSameFolder(each.root, root) &&
      each.settings === settings &&
      listening.skipped.some(({ port, holder }) => port === each.port && isHeldBy(each.pid, holder)),
  )
  if (first === undefined) return false
  await server.close()
  const message = `This folder is already served at ${first.url} (pid ${first.pid}).`
  // A program that reads the output expects a server.
  if (open === undefined || command.json) {
    const { url, pid } = first
    throw new ServeError('E8008_PORT_HELD', message, { fix: { option: 'port', value: 0 }, running: { url, pid } })
  }
  if (!command.quiet) report.print(`${printable(message)}\n`)
  await openBrowser(first.url, open, env, (text) => report.warning({ code: 'W8008_OPEN', message: text }))
  await report.leave(0)
  return true
}

/** The error for a port that was asked for, with the address where that port serves this very folder. */
export function heldBySameFolder(
  error: ServeError,
  { root, ports }: Pick<ResolvedConfig, 'root' | 'ports'>,
  env: Environment,
): ServeError {
  const isSame = (each: RunningServer): boolean => root !== undefined && isSameFolder(each.root, root)
  const first = runningServers(env).find((each) => ports.includes(each.port) && isSame(each))
  if (first === undefined) return error
  const { code, message, fix, cause } = error
  const { url, pid } = first
  return new ServeError(code, `${message} This folder is already served at ${url}.`, {
    fix,
    cause,
    running: { url, pid },
  })
}
