import { loadConfig } from '../../config/load.ts'
import { ServeError } from '../../core/serve-error.ts'
import { certifiedNames } from '../../server/check-certificates.ts'
import { explainRequest } from '../../server/explain-request.ts'
import { printable, printableJson } from '../../core/util/sanitize.ts'
import { redactText } from '../../core/util/secret.ts'
import type { Command } from '../args/command.ts'
import { importConfig } from '../import-config.ts'
import { explainCode, seemsCode } from './explain-code.ts'
import { displayPath } from '../output/display.ts'
import type { Program } from '../process-io.ts'
import { addedFlag, replaceWords } from '../args/corrected-command.ts'
import { flags as servingFlags } from '../args/flags.ts'
import type { Reporter } from '../output/reporter.ts'
import { createStyle } from '../output/terminal.ts'

type Explanation = NonNullable<Awaited<ReturnType<typeof explainRequest>>>

/** The methods of RFC 9110 and PATCH: in lower case they are a typing error. */
const usualMethods = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS']

const form = 'serve8008 explain METHOD URL'

/**
 * Prints what a code means, or which route would answer a request, which lost and why, and what would be sent to the upstream. Nothing is sent.
 * With --json one line: `{ "method", "url", "route", "kind", "text", "forwards": [], "lost": [{ "name", "why" }], "answer": { "status", "why" }, "hint" }`,
 * `answer` null unless a folder answers, or the server before any route (a password, a redirect to HTTPS, a preflight), `hint` null unless an option allows what is refused.
 */
export async function explain(command: Command, program: Program, report: Reporter): Promise<number> {
  const { cwd, env } = program
  const [code = ''] = command.words
  if (command.words.length === 1 && seemsCode(code) && !usualMethods.includes(code)) {
    report.print(explainCode(code, report.terminal, command.json))
    return 0
  }
  const [method = '', url] = command.words.length === 1 ? ['GET', ...command.words] : command.words
  const isAlone = command.words.length === 1 && usualMethods.includes(url ?? '')
  if (url === undefined || isAlone) throw usage('Missing argument: URL, a whole URL or a path.')
  if (command.words.length > 2) throw usage('explain takes one method and one URL.')
  const corrected = correctedWords(method, url)
  if (corrected !== undefined) {
    const [fault, ...words] = corrected
    throw usage(fault, replaceWords(program.argv, [method, url], words))
  }
  const headers = command.requestHeaders.flatMap(fieldOf)
  const { flags, config: file } = command
  const { config } = await loadConfig({ cwd, flags, env, config: file, importModule: importConfig })
  const explanation = await explainRequest(config, { method, url, headers }, await certifiedNames(config))
  if (explanation === undefined) throw usage(`${printable(redactText(url))} is neither a URL nor a path.`)
  const { route = null, answer, fix, ...facts } = explanation
  const hint = fix === undefined ? undefined : addedFlag(fix, servingFlags)
  if (command.json) {
    const answered = answer === undefined ? null : { status: answer.status, why: answer.why ?? null }
    report.print(`${printableJson({ method, url, route, ...facts, answer: answered, hint: hint ?? null })}\n`)
  } else report.print(render(`${method} ${url}`, explanation, hint, cwd, report.terminal.color))
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
function fieldOf(text: string): [name: string, value: string] {
  const border = text.indexOf(':')
  if (border < 1) throw usage(`${printable(redactText(text))} is not a header field; write NAME:VALUE.`)
  return [text.slice(0, border).trim(), text.slice(border + 1).trim()]
}

function render(
  title: string,
  { route, text, answer, forwards, lost }: Explanation,
  hint: string | undefined,
  cwd: string,
  color: boolean,
): string {
  const style = createStyle(color)
  const label = (name: string): string => style.dim(name.padEnd(8))
  const width = Math.max(0, ...lost.map(({ name }) => printable(name).length))
  const rows = [
    `${label('Route')}  ${style.bold(printable(route ?? 'none'))}   ${printable(shortened(text, cwd))}`,
    ...(answer === undefined
      ? []
      : [`${label('Answer')}  ${printable(`${answer.status}   ${answer.why ?? ''}`).trimEnd()}`]),
    ...(hint === undefined ? [] : [`${label('Hint')}  ${printable(hint)}`]),
    ...forwards.flatMap(({ upstream, requestLine, fields }, i) => [
      `${label(i === 0 ? 'Sends' : '')}  ${printable(requestLine)}   ${style.dim(`to ${printable(upstream)}`)}`,
      ...fieldLines(fields).map((line) => `${label('')}  ${printable(line)}`),
    ]),
    ...lost.map(
      ({ name, why }, i) =>
        `${label(i === 0 ? 'Not' : '')}  ${printable(name).padEnd(width)}   ${style.dim(printable(why))}`,
    ),
  ]
  return `\n  ${style.bold(printable(title))}\n\n${rows.map((row) => `  ${row}\n`).join('')}\n`
}

function fieldLines(fields: readonly string[]): string[] {
  return fields.flatMap((name, i) => (i % 2 === 0 ? `${name}: ${fields[i + 1] ?? ''}` : []))
}

/** Folders as a person would write them. */
function shortened(text: string, cwd: string): string {
  const [, folder] = /^files of (.*)$/s.exec(text) ?? []
  return folder === undefined ? text : `files of ${displayPath(folder, cwd)}`
}

function usage(message: string, hint: string = form): ServeError {
  return new ServeError('E8008_USAGE', message, { hint })
}
