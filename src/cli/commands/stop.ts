import { ServeError } from '../../core/serve-error.ts'
import { printable, printableJson } from '../../core/util/sanitize.ts'
import { chooseServer } from './choose-server.ts'
import type { Command } from '../args/command.ts'
import { displayPath } from '../output/display.ts'
import type { Program } from '../process-io.ts'
import type { Reporter } from '../output/reporter.ts'
import { runningServers } from '../server-registry.ts'
import { isRunning, isThatServer } from '../server-process.ts'

/** Milliseconds that a server gets for open replies; with a longer `closeMs` it continues, and this command gives up. */
const patienceMs = 30_000
/** Milliseconds between checks whether the server has ended. */
const lookMs = 50

/**
 * `serve8008 stop`: ends a server of this user by SIGTERM, so that replies under way finish, and waits for its end.
 * With --json one line: `{ "stopped": { "url", "folder", "pid" } }`.
 *
 * @throws ServeError `E8008_NOT_RUNNING` where there is none, where several are and none was named, and where the
 *   process is another one by now: process ids are used again.
 */
export async function stop(command: Command, program: Program, report: Reporter): Promise<number> {
  const { cwd, env } = program
  const server = chooseServer(runningServers(env), command.flags['port'], cwd, 'stop')
  const { pid, url, root } = server
  if (!isThatServer(server)) {
    throw new ServeError(
      'E8008_NOT_RUNNING',
      `Process ${pid} is no longer the server of ${url}. Nothing was stopped.`,
      {
        hint: 'serve8008 status',
      },
    )
  }
  process.kill(pid, 'SIGTERM')
  const deadline = program.elapsed() + patienceMs
  while (isRunning(server)) {
    if (program.elapsed() > deadline) {
      throw new ServeError('E8008_NOT_RUNNING', `Process ${pid} is still finishing its open replies.`, {
        hint: 'serve8008 status',
      })
    }
    await new Promise((resolve) => setTimeout(resolve, lookMs))
  }
  if (command.json) report.print(`${printableJson({ stopped: { url, folder: root, pid } })}\n`)
  else if (!command.quiet) report.print(`Stopped ${printable(url)} (${printable(displayPath(root, cwd))}).\n`)
  return 0
}
