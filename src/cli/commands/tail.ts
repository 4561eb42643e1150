import type { AccessRecord } from '../../server/types.ts'
import { printable } from '../../core/util/sanitize.ts'
import type { Command } from '../args/command.ts'
import { displayPath } from '../output/display.ts'
import { createPrinter, mostQueuedBytes } from '../output/printer.ts'
import type { Reporter } from '../output/reporter.ts'
import { createStyle, lineColumns } from '../output/terminal.ts'
import type { Program } from '../process-io.ts'
import { printingFlags, serverPort, type CommandDefinition } from './definition.ts'

export const tailCommand: CommandDefinition = {
  command: 'tail [filter..]',
  describe: 'show the requests of a running server as they end',
  flags: [
    serverPort,
    ...printingFlags.map((flag) =>
      flag.key === 'json' ? { ...flag, description: 'Print one JSON object per line, errors too.' } : flag,
    ),
  ],
  usage: [['serve8008 tail [filter]', 'all of them, or those that a filter lets pass; ^C ends it']],
  examples: [
    ['serve8008 tail status:5xx', 'what the server could not answer'],
    ["serve8008 tail 'path:/api dur:>200ms'", 'slow replies below /api'],
    ['serve8008 tail -type:image --json', 'without pictures, for programs'],
  ],
  notes: [
    'Keys: method, status, host, path, url, route, upstream, type, header, body, dur, size, upload, client, user, code, id, is.',
    'Terms side by side must all match; OR, - and parentheses combine them, and quotes keep spaces.',
    'Secrets are replaced by placeholders, the same for the same secret.',
    'If several servers run, it is the server of this folder; --port chooses another.',
  ],
  respell: respellTerms,
  handler: tail,
}

/** Milliseconds between two notices of requests that were missed. */
const noticeMs = 1000

/** A negated term as people write it in other searches, `-type:image`, which would be flags here: `!type:image`. */
export function respellTerms(argv: readonly string[]): readonly string[] {
  return argv.map((word) => (/^-[a-z]+[:<>]/i.test(word) ? `!${word.slice(1)}` : word))
}

/**
 * `serve8008 tail [filter]`: a line of the access log for each exchange of a server that runs. With --json an object a line:
 * `{"recording":true}`, then exchanges, and `{"missed":n}` where the terminal was too slow.
 *
 * @throws ServeError `E8008_FILTER`, `E8008_NOT_RUNNING`, the latter also when the server ends
 */
async function tail(command: Command, program: Program, report: Reporter): Promise<number> {
  const [{ followExchanges, serverEnded }, { createAccessLog }] = await Promise.all([
    import('./follow-exchanges.ts'),
    import('../../inspect/inspect.ts'),
  ])
  const { json, quiet, words, flags } = command
  const { terminal } = report
  const style = createStyle(terminal.color)
  const { server, lines } = await followExchanges(program, {
    ...{ command: 'tail' as const, words, port: flags['port'], contentBytes: 0 },
  })
  const printer = createPrinter(program.stdout, {
    mostBytes: mostQueuedBytes,
    onLost: (count) => notShown(count, 'standard output was not read fast enough'),
  })
  const log = createAccessLog({
    format: 'pretty',
    write: printer.print,
    color: terminal.color,
    get columns() {
      return lineColumns(terminal)
    },
  })

  let missedCount = 0
  let noticedAt = Number.NEGATIVE_INFINITY
  /** Says at most once a second how many were missed: it happens in a flood of requests. */
  function noticeMissed(isLast: boolean): void {
    const now = program.elapsed()
    if (missedCount === 0 || (!isLast && now - noticedAt < noticeMs)) return
    notShown(missedCount, 'there were more than this command could read')
    missedCount = 0
    noticedAt = now
  }

  function notShown(count: number, why: string): void {
    const what = `${count} ${count === 1 ? 'request' : 'requests'}`
    report.warning({ code: 'W8008_OUTPUT', message: `${what} not shown: ${why}.` })
  }

  if (!json && !quiet) {
    const where = `${printable(server.url)} (${printable(displayPath(server.root, program.cwd))})`
    printer.print(`${style.dim(`Following ${where}; ^C ends it.`)}\n`)
  }
  for await (const line of lines) {
    if (json) {
      printer.print(`${line}\n`)
      continue
    }
    const { missed, id, ...facts } = JSON.parse(line) as Partial<AccessLine>
    missedCount += missed ?? 0
    noticeMissed(false)
    if (id !== undefined) log.log(accessRecordOf(facts as AccessLine))
  }
  log.flush()
  noticeMissed(true)
  await printer.written()
  throw serverEnded(server)
}

/** A line of the server: an exchange, or how many were missed. */
interface AccessLine extends Omit<AccessRecord, 'time' | 'status' | 'ms'> {
  readonly id: number
  readonly missed: number
  readonly time: string
  readonly status: number | null
  readonly ms: number | null
}

function accessRecordOf(line: AccessLine): AccessRecord {
  return { ...line, time: Date.parse(line.time), status: line.status ?? 0, ms: line.ms ?? 0 }
}
