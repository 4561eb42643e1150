import { checkFolders } from '../../config/check-folders.ts'
import { ServeError } from '../../core/serve-error.ts'
import { certifiedNames } from '../../server/check-certificates.ts'
import { explainRequest } from '../../server/explain-request.ts'
import { printable, printableJson } from '../../core/util/sanitize.ts'
import { redactText } from '../../core/util/secret.ts'
import type { Command } from '../args/command.ts'
import { commandLine } from '../args/command-line.ts'
import { usualMethods } from '../args/explain-words.ts'
import { requestHeaders, settingsToExplain, type ExplainedSettings } from './explained-settings.ts'
import { displayPath } from '../output/display.ts'
import type { RunningServer } from '../../control/server-registry.ts'
import type { Program } from '../process-io.ts'
import { addedFlag, replaceWord, replaceWords } from '../args/corrected-command.ts'
import { flags as servingFlags } from '../args/flags.ts'
import type { Reporter } from '../output/reporter.ts'
import { createStyle } from '../output/terminal.ts'

type Explanation = NonNullable<Awaited<ReturnType<typeof explainRequest>>>

/**
 * Prints which route would answer a request, which lost and why, and what would be sent to the upstream. Nothing is sent.
 * With --json one line: `{ "method", "url", "route", "kind", "text", "forwards": [], "lost": [{ "route", "why" }], "answer": { "status", "why" }, "hint", "read": [], "server": { "url", "pid", "hidden": [] }, "other": { "url", "pid", "command" } }`,
 * `answer` null unless a folder answers, or the server before any route (a password, a redirect to HTTPS, a preflight), `hint` null unless an option allows what is refused,
 * `server` null unless the settings are those of a running server, `other` null unless one runs with other settings.
 */
export async function explain(command: Command, program: Program, report: Reporter): Promise<number> {
  const { cwd, argv } = program
  const [method = '', url] = command.words.length === 1 ? ['GET', ...command.words] : command.words
  const isAlone = command.words.length === 1 && usualMethods.includes(url ?? '')
  if (url === undefined || isAlone) throw usage('Missing argument: URL, a whole URL or a path.', withWord(argv, '/'))
  const [, , extra] = command.words
  if (extra !== undefined) {
    throw usage(
      `explain takes one method and one URL, but got ${printable(redactText(extra))}.`,
      replaceWord(argv, extra),
    )
  }
  const corrected = correctedWords(method, url)
  if (corrected !== undefined) {
    const [fault, ...words] = corrected
    throw usage(fault, replaceWords(argv, [method, url], words))
  }
  const headers = requestHeaders(command).flatMap((field) => fieldOf(field, argv))
  const settings = await settingsToExplain(command, { method, url }, program)
  const { config } = settings.loaded
  checkFolders(config, settings.loaded.origins)
  const explanation = await explainRequest(
    config,
    { method, url, headers },
    {
      isCertified: await certifiedNames(config),
      show: command.json ? undefined : (path) => displayPath(path, cwd),
    },
  )
  if (explanation === undefined) {
    throw usage(`${printable(redactText(url))} is neither a URL nor a path.`, replaceWord(argv, url, '/'))
  }
  const { route = null, answer, fix, ...facts } = explanation
  const option = fix ?? answer?.fix
  const hint = option === undefined ? undefined : addedFlag(option, servingFlags)
  if (command.json) {
    const answered = answer === undefined ? null : { status: answer.status, why: answer.why ?? null }
    const told = { method, url, route, ...facts, answer: answered, hint: hint ?? null, ...settingsFacts(settings) }
    report.print(`${printableJson(told)}\n`)
  } else report.print(render(`${method} ${url}`, { explanation, hint, settings }, cwd, report.terminal.color))
  return 0
}

/** What is wrong with the two words, and what they should be: methods are tokens and case-sensitive (RFC 9110 section 9.1). */
function correctedWords(method: string, url: string): [fault: string, method: string, url: string] | undefined {
  const isMethod = (word: string): boolean => /^[!#$%&'*+.^`|~\w-]+$/.test(word)
  if (/[/:]/.test(method) && isMethod(url)) return ['The method comes before the URL.', url.toUpperCase(), method]
  if (!isMethod(method)) return [`${printable(redactText(method))} is not a method.`, 'GET', url]
  const upper = method.toUpperCase()
  if (method === upper || !usualMethods.includes(upper)) return undefined
  return [`Methods are case-sensitive: ${upper}, not ${method}.`, upper, url]
}

/** `Name: value`, as curl takes it. */
function fieldOf(text: string, argv: readonly string[]): [name: string, value: string] {
  const border = text.indexOf(':')
  if (border < 1) {
    const hint = argv.includes(text)
      ? replaceWord(argv, text, border === 0 ? `NAME${text}` : `${text}:VALUE`)
      : 'serve8008 explain / -H NAME:VALUE'
    throw usage(`${printable(redactText(text))} is not a header field; write NAME:VALUE.`, hint)
  }
  return [text.slice(0, border).trim(), text.slice(border + 1).trim()]
}

function render(
  title: string,
  {
    explanation: { site, route, text, answer, forwards, lost },
    hint,
    settings,
  }: { readonly explanation: Explanation; readonly hint: string | undefined; readonly settings: ExplainedSettings },
  cwd: string,
  color: boolean,
): string {
  const style = createStyle(color)
  const label = (name: string): string => style.dim(name.padEnd(8))
  const width = Math.max(0, ...lost.map((each) => printable(each.route).length))
  const rows = [
    ...(site === undefined ? [] : [`${label('Site')}  ${printable(site)}`]),
    `${label('Route')}  ${style.bold(printable(route ?? 'none'))}   ${printable(text)}`,
    ...(answer === undefined
      ? []
      : [`${label('Answer')}  ${printable(`${answer.status}   ${answer.why ?? ''}`).trimEnd()}`]),
    ...(hint === undefined ? [] : [`${label('Hint')}  ${printable(hint)}`]),
    ...forwards.flatMap(({ upstream, requestLine, fields }, i) => [
      `${label(i === 0 ? 'Sends' : '')}  ${printable(requestLine)}   ${style.dim(`to ${printable(upstream)}`)}`,
      ...fieldLines(fields).map((line) => `${label('')}  ${printable(line)}`),
    ]),
    ...lost.map(
      ({ route: other, why }, i) =>
        `${label(i === 0 ? 'Not' : '')}  ${printable(other).padEnd(width)}   ${style.dim(printable(why))}`,
    ),
    ...settingsText(settings, cwd).map(([name, line]) => `${label(name)}  ${printable(line)}`),
  ]
  return `\n  ${style.bold(printable(title))}\n\n${rows.map((row) => `  ${row}\n`).join('')}\n`
}

/** What was read, and that a running server has other settings. */
function settingsText({ read, server, other }: ExplainedSettings, cwd: string): [label: string, text: string][] {
  const sources = read.length === 0 ? 'no flags, no environment, no config file' : read.join(', ')
  const hidden = server?.start?.hidden ?? []
  return [
    ['Read', server === undefined ? sources : `settings of ${runningText(server, cwd)}: ${sources}`],
    ...(hidden.length === 0
      ? []
      : [['', `without ${hidden.join(', ')}, which may hold secrets`] satisfies [string, string]]),
    ...(other === undefined
      ? []
      : ([
          ['But', `other settings are those of ${runningText(other.server, cwd)}`],
          ['', other.command ?? 'give explain the folder and the flags of that server'],
        ] satisfies [string, string][])),
  ]
}

function runningText({ url, pid, root }: RunningServer, cwd: string): string {
  return `the running server ${url} (pid ${pid}), which serves ${displayPath(root, cwd)}`
}

function settingsFacts({ read, server, other }: ExplainedSettings) {
  return {
    read,
    server: server === undefined ? null : { url: server.url, pid: server.pid, hidden: server.start?.hidden ?? [] },
    other:
      other === undefined ? null : { url: other.server.url, pid: other.server.pid, command: other.command ?? null },
  }
}

/** The typed command with one word more. */
function withWord(argv: readonly string[], word: string): string {
  const end = argv.includes('--') ? argv.indexOf('--') : argv.length
  return commandLine(argv.toSpliced(end, 0, word))
}

function fieldLines(fields: readonly string[]): string[] {
  return fields.flatMap((name, i) => (i % 2 === 0 ? `${name}: ${fields[i + 1] ?? ''}` : []))
}

function usage(message: string, hint: string): ServeError {
  return new ServeError('E8008_USAGE', message, { hint })
}
