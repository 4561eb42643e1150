import { existsSync, statSync } from 'node:fs'
import { dirname, resolve } from 'node:path'
import { ServeError } from '../../core/serve-error.ts'
import { formatBytes } from '../../core/util/format-bytes.ts'
import { replaceFile } from '../../core/util/owned-file.ts'
import { printable, printableJson } from '../../core/util/sanitize.ts'
import { isOn, type Command } from '../args/command.ts'
import { commandLine, usageError } from '../args/command-line.ts'
import { correctedCommand } from '../args/corrected-command.ts'
import { displayPath } from '../output/display.ts'
import type { Reporter } from '../output/reporter.ts'
import { packageVersion, type Program } from '../process-io.ts'
import { only, printingFlags, serverPort, type CommandDefinition } from './definition.ts'
import { respellTerms } from './tail.ts'

const forFlag = {
  ...only('for', [], 'End after this time, such as 30s or 5m.'),
  kind: 'value',
  valueName: 'TIME',
} as const
const sizeFlag = {
  ...only('max-size', [], 'End when the file has this size, such as 500kb or 1gb.'),
  kind: 'value',
  valueName: 'SIZE',
  default: '100mb',
} as const

export const recordCommand: CommandDefinition = {
  command: 'record <file> [filter..]',
  describe: 'write the requests of a running server to a HAR file',
  flags: [forFlag, sizeFlag, only('force', ['f'], 'Replace the file.'), serverPort, ...printingFlags],
  usage: [['serve8008 record FILE [filter]', 'until ^C: all of them, or those that a filter lets pass']],
  examples: [
    ['serve8008 record out.har', 'open it in the network panel of a browser'],
    ["serve8008 record out.har 'path:/api' --for 30s", 'half a minute of what is below /api'],
  ],
  notes: [
    'The file is written when the recording ends: by ^C, SIGTERM, --for, --max-size, or with the server. Only you can read it.',
    'Secrets are replaced by placeholders, the same for the same secret; content that cannot be read is left out.',
    'Filters are those of serve8008 tail.',
  ],
  respell: respellTerms,
  handler: record,
}

/** Most bytes of each content: the server has a bound of its own, a sixteenth of limits.recordedBytes. */
const contentBytes = 64 * 2 ** 20

/** Why a recording ended. */
type End = 'signal' | 'time' | 'size' | 'server'

/**
 * `serve8008 record out.har [filter]`: records a server that runs. With --json one line:
 * `{"file","exchanges","bytes","missed","end"}`, where `end` is signal, time, size or server.
 *
 * @throws ServeError `E8008_USAGE` for a file that exists or cannot be, `E8008_FILTER`, `E8008_NOT_RUNNING`, the latter also when
 *   the server ends, after the file was written
 */
async function record(command: Command, program: Program, report: Reporter): Promise<number> {
  const [word = '', ...words] = command.words
  const file = checkedFile(word, command, program)
  const longestMs = readAmount(command, 'for', units.time, program.argv)
  const mostBytes = readAmount(command, 'max-size', units.size, program.argv) ?? defaultBytes
  const [{ followExchanges, serverEnded }, { readExchange }, { harWriter }] = await Promise.all([
    import('./follow-exchanges.ts'),
    import('../../inspect/exchange-json.ts'),
    import('../../inspect/har/har.ts'),
  ])
  const stop = new AbortController()
  let end = 'server' as End
  const endBy = (why: End): void => {
    if (stop.signal.aborted) return
    end = why
    stop.abort()
  }
  // Before anything is recorded: from now on a signal must not lose it.
  for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP']) program.on(name, () => endBy('signal'))
  const { server, lines } = await followExchanges(program, {
    ...{ command: 'record' as const, words, port: command.flags['port'], contentBytes, signal: stop.signal },
  })
  const timer = longestMs === undefined ? undefined : setTimeout(() => endBy('time'), longestMs)
  const isSilent = command.json || command.quiet
  if (!isSilent) {
    report.print(
      `Recording ${printable(server.url)}; ^C ends it and writes ${printable(displayPath(file, program.cwd))}.\n`,
    )
  }
  const writer = harWriter(packageVersion())
  let exchanges = 0
  let missed = 0
  let bytes = 0
  for await (const line of lines) {
    const facts = JSON.parse(line) as Readonly<Record<string, unknown>>
    if (typeof facts['missed'] === 'number') missed += facts['missed']
    const exchange = readExchange(facts)
    if (exchange === undefined) continue
    bytes += writer.add(exchange)
    exchanges++
    if (bytes >= mostBytes) endBy('size')
    if (stop.signal.aborted) break
  }
  clearTimeout(timer)
  const text = writer.end()
  write(file, text)
  const size = Buffer.byteLength(text)
  if (command.json) report.print(`${printableJson({ file, exchanges, bytes: size, missed, end })}\n`)
  else if (!isSilent) {
    const count = `${exchanges} ${exchanges === 1 ? 'exchange' : 'exchanges'}`
    const lost = missed === 0 ? '' : `; ${missed} came too fast and are missing`
    const why = end === 'size' ? ` --max-size (${formatBytes(mostBytes)}) ended the recording.` : ''
    report.print(
      `Wrote ${count} (${formatBytes(size)}) to ${printable(displayPath(file, program.cwd))}${lost}.${why}\n`,
    )
  }
  // ^C in the moment of its end closes the connection as the server does.
  if (end === 'server') throw serverEnded(server)
  return 0
}

/** The absolute path of the file, which may not exist yet unless it may be replaced. */
function checkedFile(word: string, { values }: Command, { argv, cwd }: Program): string {
  const file = resolve(cwd, word)
  const shown = printable(displayPath(file, cwd))
  if (!existsSync(file)) {
    if (existsSync(dirname(file))) return file
    throw usageError(
      `The folder of ${shown} does not exist.`,
      commandLine(argv.map((each) => (each === word ? 'out.har' : each))),
    )
  }
  if (!statSync(file).isFile())
    throw usageError(`${shown} must be a file.`, commandLine(argv.map((each) => (each === word ? 'out.har' : each))))
  if (isOn(values, 'force')) return file
  throw usageError(`${shown} exists.`, commandLine([...argv, '--force']))
}

function write(file: string, text: string): void {
  try {
    replaceFile(file, text, 0o600)
  } catch (cause) {
    throw new ServeError('E8008_OUTPUT', `${file} cannot be written (${(cause as Error).message}).`, { cause })
  }
}

const defaultBytes = 100_000_000
const units = {
  time: { '': 1000, ms: 1, s: 1000, m: 60_000, h: 3_600_000 },
  size: { '': 1, b: 1, kb: 1e3, mb: 1e6, gb: 1e9, kib: 2 ** 10, mib: 2 ** 20, gib: 2 ** 30 },
}
/** Node's timers hold 31 bits of milliseconds, and a text has less than 2 ** 29 characters. */
const most = { for: 2 ** 31 - 1, 'max-size': 5e8 }

/** The value of a flag with a unit. @throws ServeError `E8008_USAGE` */
function readAmount(
  { values }: Command,
  name: 'for' | 'max-size',
  factors: Readonly<Record<string, number>>,
  argv: readonly string[],
): number | undefined {
  const texts = values.get(name)
  if (texts === undefined || typeof texts === 'boolean') return undefined
  const given = texts.at(-1) ?? ''
  const [, digits = '', unit = ''] = /^(\d+(?:\.\d+)?)([a-z]*)$/i.exec(given) ?? []
  const factor = Object.hasOwn(factors, unit.toLowerCase()) ? factors[unit.toLowerCase()] : undefined
  const amount = Number(digits) * (factor ?? 0)
  if (amount > 0 && amount <= most[name]) return Math.ceil(amount)
  const [what, value] = name === 'for' ? ['time', '30s'] : ['size (at most 500mb)', '100mb']
  const flag = name === 'for' ? forFlag : sizeFlag
  throw usageError(
    `--${name}: "${printable(given)}" is not a ${what}.`,
    correctedCommand(argv, { option: flag.key, value }, [flag]),
  )
}
