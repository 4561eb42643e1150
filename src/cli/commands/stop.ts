import { resolve } from 'node:path'
import { ServeError } from '../../core/serve-error.ts'
import { printable, printableJson } from '../../core/util/sanitize.ts'
import { chooseServer } from './choose-server.ts'
import type { Command } from '../args/command.ts'
import { withoutSecret } from '../args/command-line.ts'
import { replaceWord } from '../args/corrected-command.ts'
import { displayPath } from '../output/display.ts'
import type { Program } from '../process-io.ts'
import type { Reporter } from '../output/reporter.ts'
import type { RunningServer } from '../../control/server-registry.ts'
import { isRunning, isSameFolder, isThatServer, runningServers, terminate } from '../server-process.ts'
import { printingFlags, serverPort, type CommandDefinition } from './definition.ts'

export const stopCommand: CommandDefinition = {
  // Its handler refuses words: the hint names the port of a server that runs.
  command: 'stop [words..]',
  describe: 'stop a running server',
  flags: [serverPort, ...printingFlags],
  usage: [['serve8008 stop', 'open replies finish first, as with ^C']],
  examples: [['serve8008 stop --port 3000', 'the server on this port']],
  notes: ['It stops the server of this folder; --port chooses another.'],
  handler: stop,
}

/** Milliseconds that a server gets for open replies; with a longer `closeMs` it continues, and this command gives up. */
const patienceMs = 30_000
/** Milliseconds between checks whether the server has ended. */
const lookMs = 50

/**
 * `serve8008 stop`: ends a server of this user by SIGTERM, so that replies under way finish, and waits for its end.
 * With --json one line: `{ "stopped": { "url", "folder", "pid" } }`.
 *
 * @throws ServeError `E8008_USAGE` for a word, `E8008_NOT_RUNNING` where there is none, where several are and none was named, and where the
 *   process is another one by now: process ids are used again.
 */
async function stop(command: Command, program: Program, report: Reporter): Promise<number> {
  const { cwd, env } = program
  const servers = runningServers(env)
  const [word] = command.words
  if (word !== undefined) throw needlessWord(word, servers, program)
  const server = chooseServer(servers, command.flags['port'], program, 'stop')
  const { pid, url, root } = server
  await endServer(server, program)
  if (command.json) report.print(`${printableJson({ stopped: { url, folder: root, pid } })}\n`)
  else if (!command.quiet) report.print(`Stopped ${printable(url)} (${printable(displayPath(root, cwd))}).\n`)
  return 0
}

/**
 * Ends a server by SIGTERM and waits until it has ended.
 *
 * @throws ServeError `E8008_NOT_RUNNING` where the process is another one by now, or is still finishing its replies
 */
export async function endServer(server: RunningServer, program: Pick<Program, 'elapsed'>): Promise<void> {
  const { pid, url } = server
  if (!isThatServer(server)) {
    throw new ServeError(
      'E8008_NOT_RUNNING',
      `Process ${pid} is no longer the server of ${url}. Nothing was stopped.`,
      {
        hint: 'serve8008 status',
      },
    )
  }
  terminate(pid)
  const deadline = program.elapsed() + patienceMs
  while (isRunning(server)) {
    if (program.elapsed() > deadline) {
      throw new ServeError('E8008_NOT_RUNNING', `Process ${pid} is still finishing its open replies.`, {
        hint: 'serve8008 status',
      })
    }
    await new Promise((done) => setTimeout(done, lookMs))
  }
}

/** The error for `stop 3000` and `stop ./site`, which mean the server of that port or folder. */
function needlessWord(word: string, servers: readonly RunningServer[], { argv, cwd }: Program): ServeError {
  const its = servers.filter(({ root }) => isSameFolder(root, resolve(cwd, word)))
  const port = /^\d+$/.test(word) ? word : its.length === 1 ? String(its[0]?.port) : 'PORT'
  return new ServeError('E8008_USAGE', `serve8008 stop takes no arguments, but got ${withoutSecret(word)}.`, {
    hint: replaceWord(argv, word, '--port', port),
  })
}
