import { existsSync } from 'node:fs'
import { resolve } from 'node:path'
import { ServeError } from '../../core/serve-error.ts'
import { printable } from '../../core/util/sanitize.ts'
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
  const address = new URL(server.reload, server.url)
  const content = paths.length === 0 ? '' : JSON.stringify({ paths })
  const headers = { 'X-Serve8008-Token': server.token, 'Content-Type': 'application/json' }
  const { status, text } = await postReload(address, headers, content).catch((cause: unknown) => {
    throw new ServeError('E8008_NOT_RUNNING', `The server at ${server.url} does not answer.`, {
      hint: 'serve8008',
      cause,
    })
  })
  const pages = status === 200 ? pagesIn(text) : undefined
  if (pages !== undefined) return pages
  throw new ServeError('E8008_NOT_RUNNING', `The server at ${server.url} refused the reload with status ${status}.`)
}

async function postReload(
  address: URL,
  headers: Readonly<Record<string, string>>,
  content: string,
): Promise<{ readonly status: number; readonly text: string }> {
  if (address.protocol === 'https:') {
    return postOverTls(address, headers, content, patienceMs)
  }
  const body = content === '' ? null : content
  const response = await fetch(address, { method: 'POST', headers, body, signal: AbortSignal.timeout(patienceMs) })
  return { status: response.status, text: await response.text() }
}

function pagesIn(text: string): number | undefined {
  try {
    const { pages } = JSON.parse(text) as { pages?: unknown }
    return typeof pages === 'number' ? pages : undefined
  } catch {
    return undefined
  }
}

/** The parts of the answer that the command reads. */
interface ReloadAnswer {
  readonly status: number
  readonly text: string
}

/**
 * Sends one POST to a server of this machine under TLS. Its certificate is not verified: like the address it is known from
 * a file that only the user can write, and on the loopback plain HTTP is as good.
 */
async function postOverTls(
  address: URL,
  headers: Readonly<Record<string, string>>,
  content: string,
  timeoutMs: number,
): Promise<ReloadAnswer> {
  // Loaded for servers that speak HTTPS alone.
  const { connect } = await import('node:tls')
  return new Promise((resolve, reject) => {
    const socket = connect({
      host: address.hostname.replace(/^\[|\]$/g, ''),
      port: Number(address.port || 443),
      ALPNProtocols: ['http/1.1'],
      rejectUnauthorized: false,
    })
    let received = ''
    const fields = { Host: address.host, ...headers, 'Content-Length': Buffer.byteLength(content), Connection: 'close' }
    const lines = Object.entries(fields).map(([name, value]) => `${name}: ${value}\r\n`)
    socket.setEncoding('utf8')
    socket.setTimeout(timeoutMs, () => socket.destroy(new Error('timed out')))
    socket.on('error', reject)
    socket.on('data', (text: string) => {
      received += text
    })
    socket.on('end', () => {
      const [head = '', ...rest] = received.split('\r\n\r\n')
      resolve({ status: Number(head.split(' ')[1]), text: rest.join('\r\n\r\n') })
    })
    socket.write(`POST ${address.pathname} HTTP/1.1\r\n${lines.join('')}\r\n${content}`)
  })
}
