import { ServeError } from '../../core/serve-error.ts'
import { printable } from '../../core/util/sanitize.ts'
import type { RunningServer } from '../../control/server-registry.ts'
import type { Command } from '../args/command.ts'
import { askControl } from '../control-client.ts'
import { displayPath } from '../output/display.ts'
import type { Reporter } from '../output/reporter.ts'
import type { Program } from '../process-io.ts'
import { openBrowser } from '../browser.ts'
import { runningServers } from '../server-process.ts'
import { chooseServer } from './choose-server.ts'
import { printingFlags, serverPort, type CommandDefinition } from './definition.ts'

export const dashboardCommand: CommandDefinition = {
  command: 'dashboard',
  describe: 'open the page that shows the requests of a running server',
  flags: [serverPort, ...printingFlags],
  usage: [['serve8008 dashboard', 'a link to the dashboard, opened in the browser']],
  examples: [['BROWSER=none serve8008 dashboard', 'print the link alone']],
  notes: [
    'The link works once, within a minute; then this browser keeps a cookie until the server ends.',
    'If several servers run, it is the server of this folder; --port chooses another.',
  ],
  handler: dashboard,
}

/** Milliseconds that a server gets to answer. */
const patienceMs = 5000

/**
 * `serve8008 dashboard`: prints a link to the dashboard of a server that runs, and opens it where a person reads the output.
 *
 * @throws ServeError `E8008_NOT_RUNNING` where there is no server, several, or one that does not answer
 */
async function dashboard(command: Command, program: Program, report: Reporter): Promise<number> {
  const { cwd, env } = program
  const servers = runningServers(env).filter(({ ownerToken = '' }) => ownerToken !== '')
  const server = chooseServer(servers, command.flags['port'], program, 'dashboard')
  const url = await askForLink(server)
  if (command.json) {
    report.print(`${JSON.stringify({ url, server: server.url })}\n`)
    return 0
  }
  if (!command.quiet) {
    const where = server.root === '' ? server.url : displayPath(server.root, cwd)
    report.print(`Dashboard of ${printable(where)}, by a link that works once:\n  ${printable(url)}\n`)
  }
  if (report.terminal.isTerminal) {
    await openBrowser(url, url, env, (message) => report.warning({ code: 'W8008_OPEN', message }))
  }
  return 0
}

async function askForLink({ url, loopback, exchanges = '', ownerToken = '' }: RunningServer): Promise<string> {
  // Beside the path of the exchanges, which knows the base of the server.
  const address = new URL(exchanges.replace(/exchanges$/, 'dashboard'), url)
  const headers = { 'X-Serve8008-Token': ownerToken }
  const { status, content } = await askControl({
    address,
    loopback,
    method: 'POST',
    headers,
    timeoutMs: patienceMs,
  }).catch((cause: unknown) => {
    throw new ServeError('E8008_NOT_RUNNING', `The server at ${url} does not answer.`, { hint: 'serve8008', cause })
  })
  let text = ''
  for await (const part of content) text += part
  if (status === 200) return (JSON.parse(text) as { url: string }).url
  throw new ServeError('E8008_NOT_RUNNING', `The server at ${url} refused with status ${status}.`)
}
