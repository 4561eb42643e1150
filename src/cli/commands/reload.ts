import { existsSync } from 'node:fs'
import { resolve } from 'node:path'
import { ServeError } from '../../core/serve-error.ts'
import { printable } from '../../core/util/sanitize.ts'
import { askControl } from '../control-client.ts'
import { chooseServer } from './choose-server.ts'
import type { Command } from '../args/command.ts'
import { replaceWord } from '../args/corrected-command.ts'
import type { Program } from '../process-io.ts'
import type { Reporter } from '../output/reporter.ts'
import type { RunningServer } from '../../control/server-registry.ts'
import { runningServers } from '../server-process.ts'
import { printingFlags, serverPort, type CommandDefinition } from './definition.ts'

export const reloadCommand: CommandDefinition = {
  command: 'reload [files..]',
  describe: 'update the open pages of a running server',
  flags: [serverPort, ...printingFlags],
  words: 'files',
  usage: [['serve8008 reload [files]', 'the pages that use these files, or all pages']],
  examples: [
    ['serve8008 reload', 'reload every page'],
    ['serve8008 reload dist/app.css', 'swap the style sheet where it is used'],
  ],
  notes: ['If several servers run, it is the server of this folder; --port chooses another.'],
  handler: reload,
}

/** Milliseconds that a server gets to answer. */
const patienceMs = 5000

/**
 * `serve8008 reload [files]`: updates the open pages of a server that runs, from another terminal or a build script.
 *
 * @throws ServeError `E8008_USAGE` for a file that is not there, `E8008_NOT_RUNNING` where there is no server, or several and none of them is this folder's.
 */
async function reload(command: Command, program: Program, report: Reporter): Promise<number> {
  const { env } = program
  const listening = runningServers(env).filter(({ token }) => token !== '')
  const server = chooseServer(listening, command.flags['port'], program, 'reload')
  const paths = command.words.map((word) => existing(word, program))
  const pages = await askForReload(server, paths)
  if (command.json) report.print(`${JSON.stringify({ url: server.url, pages })}\n`)
  else if (!command.quiet) {
    const url = printable(server.url)
    const count = `${pages} ${pages === 1 ? 'page' : 'pages'} of ${url} updated.`
    const none = paths.length === 0 ? `No page of ${url} is open.` : `No open page of ${url} uses these files.`
    report.print(`${pages === 0 ? none : count}\n`)
  }
  return 0
}

/** A missing file is a typing error; as a file that is not served it would reload every page. */
function existing(word: string, { argv, cwd }: Program): string {
  const path = resolve(cwd, word)
  if (existsSync(path)) return path
  throw new ServeError('E8008_USAGE', `There is no file ${word}.`, { hint: replaceWord(argv, word) })
}

async function askForReload(server: RunningServer, paths: readonly string[]): Promise<number> {
  const answer = askControl({
    address: new URL(server.reload, server.url),
    loopback: server.loopback,
    method: 'POST',
    headers: { 'X-Serve8008-Token': server.token, 'Content-Type': 'application/json' },
    content: paths.length === 0 ? '' : JSON.stringify({ paths }),
    timeoutMs: patienceMs,
  })
  const { status, content } = await answer.catch((cause: unknown) => {
    throw new ServeError('E8008_NOT_RUNNING', `The server at ${server.url} does not answer.`, {
      hint: 'serve8008',
      cause,
    })
  })
  let text = ''
  for await (const part of content) text += part
  const pages = status === 200 ? pagesIn(text) : undefined
  if (pages !== undefined) return pages
  throw new ServeError('E8008_NOT_RUNNING', `The server at ${server.url} refused the reload with status ${status}.`)
}

function pagesIn(text: string): number | undefined {
  try {
    const { pages } = JSON.parse(text) as { pages?: unknown }
    return typeof pages === 'number' ? pages : undefined
  } catch {
    return undefined
  }
}
