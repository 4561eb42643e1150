import { readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import type { FlagValue } from '../../config/sources/source.ts'
import { ServeError } from '../../core/serve-error.ts'
import { printable, printableJson } from '../../core/util/sanitize.ts'
import { redactText } from '../../core/util/secret.ts'
import type { Command } from '../args/command.ts'
import { commandLine } from '../args/command-line.ts'
import { usualMethods } from '../args/explain-words.ts'
import { createConfiguredServer } from '../configured-server.ts'
import { isReaderGone } from '../output/printer.ts'
import { outputError, type Reporter } from '../output/reporter.ts'
import type { Program } from '../process-io.ts'

/** Exit code for a status of 400 and above: that of `curl --fail`. */
const failedStatus = 22

/**
 * Answers one request by the pipeline of the settings, and prints the answer. Nothing is bound.
 *
 * @throws ServeError `E8008_USAGE` for a request that cannot be made, `E8008_OUTPUT` for content that cannot be
 *   printed, and what `loadConfig` throws
 */
export async function fetchOnce(command: Command, program: Program, report: Reporter): Promise<number> {
  const request = await requestOf(command, program)
  const { server } = await createConfiguredServer(command, program, report)
  try {
    const response = await server.fetch(request)
    if (command.json) report.print(`${printableJson(await factsOf(request, response))}\n`)
    else await printAnswer(response, command, program)
    return response.status < 400 ? 0 : failedStatus
  } finally {
    await server.close()
  }
}

async function requestOf({ words: [target, extra], values }: Command, program: Program): Promise<Request> {
  if (target === undefined) throw usage('Missing argument: URL, a whole URL or a path.', 'serve8008 fetch /')
  if (extra !== undefined)
    throw usage(`fetch takes one URL, but got ${printable(extra)} too.`, 'serve8008 fetch / -X GET')
  const url = target.startsWith('/') ? `http://localhost${target}` : target
  if (!/^https?:\/\/./i.test(url))
    throw usage(`${printable(redactText(target))} is neither a path nor a URL of http or https.`, 'serve8008 fetch /')
  const data = textsOf(values.get('requestData')).at(-1)
  const body = data === undefined ? null : await contentOf(data, program)
  const method = textsOf(values.get('requestMethod')).at(-1) ?? (body === null ? 'GET' : 'POST')
  const upper = method.toUpperCase()
  if (method !== upper && usualMethods.includes(upper))
    throw usage(`Methods are case-sensitive: ${upper}, not ${method}.`, withMethod(program.argv, method, upper))
  if (body !== null && body.byteLength > 0 && (upper === 'GET' || upper === 'HEAD'))
    throw usage(`A ${upper} request has no content.`, withMethod(program.argv, method, 'POST'))
  const headers = textsOf(values.get('requestHeader')).map(fieldOf)
  // A client knows the length of content that it has; otherwise the content would come in chunks.
  const isFramed = headers.some(([name]) => /^(?:content-length|transfer-encoding)$/i.test(name))
  if (body !== null && !isFramed) headers.push(['Content-Length', String(body.byteLength)])
  try {
    // A Request of the Fetch API has no content with GET, not even one of no bytes.
    const content = body?.byteLength === 0 ? null : body
    return new Request(url, { method, headers, body: content as Uint8Array<ArrayBuffer> | null })
  } catch (cause) {
    const why = cause instanceof Error ? cause.message.replace(/\.$/, '') : String(cause)
    throw usage(`The request cannot be made: ${printable(why)}.`, 'serve8008 fetch / -X GET -H NAME:VALUE', cause)
  }
}

/** The typed command with another method. */
function withMethod(argv: readonly string[], method: string, other: string): string {
  const isFlag = (word = ''): boolean => /^(?:-X|--request)$/.test(word)
  return commandLine(
    argv.map((word, i) => {
      const [flag = '', value] = word.split('=', 2)
      return word === method && isFlag(argv[i - 1])
        ? other
        : isFlag(flag) && value === method
          ? `${flag}=${other}`
          : word
    }),
  )
}

function fieldOf(field: string): [string, string] {
  const [, name, value = ''] = /^([^:]+):(.*)$/s.exec(field) ?? []
  // What is behind a missing colon may be a secret.
  if (name === undefined) throw usage('-H takes a field with a colon, NAME:VALUE.', 'serve8008 fetch / -H NAME:VALUE')
  return [name, value.trim()]
}

function textsOf(value: FlagValue | undefined): readonly string[] {
  return typeof value === 'object' ? value : typeof value === 'string' ? [value] : []
}

/** Text, a file, or standard input. */
async function contentOf(data: string, { cwd, stdin }: Program): Promise<Uint8Array> {
  if (data === '-' || data === '@-') {
    const chunks: Uint8Array[] = []
    for await (const chunk of stdin ?? []) chunks.push(Buffer.from(chunk as Uint8Array))
    return Buffer.concat(chunks)
  }
  if (!data.startsWith('@')) return Buffer.from(data)
  try {
    return readFileSync(resolve(cwd, data.slice(1)))
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException
    const name = printable(data.slice(1))
    const message = code === 'ENOENT' ? `There is no file ${name} to send.` : `${name} cannot be read (${code}).`
    throw usage(message, 'serve8008 fetch / -d @FILE', cause)
  }
}

async function printAnswer(response: Response, { values }: Command, { stdout }: Program): Promise<void> {
  // Content may be endless: what cannot be printed is not read either. A reader that closes the pipe ends the process.
  const write = (chunk: string | Uint8Array): Promise<void> =>
    new Promise((done, fail) => {
      stdout.write(chunk, (error) => (error && !isReaderGone(error, stdout) ? fail(outputError(error)) : done()))
    })
  if (values.get('include') === true) {
    const fields = [...response.headers].map(([name, value]) => `${name}: ${printable(value)}\n`)
    await write(`HTTP/1.1 ${response.status} ${response.statusText}`.trimEnd() + `\n${fields.join('')}\n`)
  }
  for await (const chunk of response.body ?? []) await write(chunk as Uint8Array)
}

async function factsOf({ url, method }: Request, response: Response): Promise<object> {
  const bytes = Buffer.from(await response.arrayBuffer())
  const text = bytes.toString('utf8')
  const content = Buffer.from(text).equals(bytes) ? { body: text } : { base64: bytes.toString('base64') }
  const { status, headers } = response
  const cookies = headers.getSetCookie()
  const fields = { ...Object.fromEntries(headers), ...(cookies.length === 0 ? {} : { 'set-cookie': cookies }) }
  return { url, method, status, headers: fields, ...content }
}

function usage(message: string, hint: string, cause?: unknown): ServeError {
  return new ServeError('E8008_USAGE', message, { hint, cause })
}
