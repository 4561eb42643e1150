import { runningServers } from '../server-process.ts'
import { chooseServer } from './choose-server.ts'
import { askControl } from '../control-client.ts'
import type { Program } from '../process-io.ts'
import { ServeError } from '../../core/serve-error.ts'
import { shellQuote } from '../../core/util/shell-quote.ts'
import type { RunningServer } from '../../control/server-registry.ts'
import { compileFilter, FilterError } from '../../inspect/filter/filter.ts'

/** Which exchanges a command follows. */
export interface FollowOptions {
  readonly command: 'record' | 'tail'
  /** The words of its filter. */
  readonly words: readonly string[]
  /** What `--port` says. */
  readonly port: unknown
  /** Most bytes of each content; 0 for heads only. */
  readonly contentBytes: number
  /** Ends it. */
  readonly signal?: AbortSignal
}

/** Exchanges of a server that runs, as they end. */
export interface FollowedExchanges {
  readonly server: RunningServer
  /** Lines of JSON, which end with the server or by the signal. */
  readonly lines: AsyncIterable<string>
}

/** Milliseconds that a server gets to answer. */
const patienceMs = 5000

/**
 * Follows a server of this user.
 *
 * @throws ServeError `E8008_FILTER`, `E8008_NOT_RUNNING` where there is no server, several, or one that does not answer
 */
export async function followExchanges(program: Program, options: FollowOptions): Promise<FollowedExchanges> {
  const { command, words, port, contentBytes, signal } = options
  const filter = words.join(' ')
  checkFilter(filter, command)
  const servers = runningServers(program.env).filter(({ ownerToken = '' }) => ownerToken !== '')
  const server = chooseServer(servers, port, program, command)
  const { url, loopback, exchanges = '', ownerToken = '' } = server
  const address = new URL(exchanges, url)
  address.search = new URLSearchParams({ filter, content: String(contentBytes) }).toString()
  const headers = { 'X-Serve8008-Token': ownerToken }
  const { status, content } = await askControl({
    ...{ address, loopback, method: 'GET' as const, headers, timeoutMs: patienceMs },
    ...(signal === undefined ? {} : { signal }),
  }).catch((cause: unknown) => {
    throw new ServeError('E8008_NOT_RUNNING', `The server at ${url} does not answer.`, { hint: 'serve8008', cause })
  })
  if (status !== 200) {
    throw new ServeError('E8008_NOT_RUNNING', `The server at ${url} refused with status ${status}.`)
  }
  return { server, lines: linesOf(content) }
}

/** The error of a command whose server has ended. */
export function serverEnded({ url }: RunningServer): ServeError {
  return new ServeError('E8008_NOT_RUNNING', `The server at ${url} has ended.`, { hint: 'serve8008 status' })
}

function checkFilter(filter: string, command: FollowOptions['command']): void {
  try {
    compileFilter(filter)
  } catch (error) {
    if (!(error instanceof FilterError)) throw error
    const file = command === 'record' ? 'out.har ' : ''
    throw new ServeError('E8008_FILTER', error.message, {
      hint: `serve8008 ${command} ${file}${shellQuote(error.hint ?? '')}`,
    })
  }
}

async function* linesOf(content: AsyncIterable<string>): AsyncGenerator<string> {
  let rest = ''
  for await (const text of content) {
    const lines = (rest + text).split('\n')
    rest = lines.pop() ?? ''
    yield* lines
  }
}
