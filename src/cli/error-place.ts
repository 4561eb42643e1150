import { execFile } from 'node:child_process'
import { basename } from 'node:path'
import { fileURLToPath } from 'node:url'
import { ServeError, type SourcePosition } from '../core/serve-error.ts'
import { thrownMessage, thrownText } from '../core/util/thrown-text.ts'
import { importedFiles } from './imported-files.ts'
import type { Reporter } from './output/reporter.ts'

/** An error of a config file as text: not every error can be copied from another process. */
export interface ErrorText {
  readonly name: string
  readonly message: string
  readonly code: string | undefined
  readonly stack: string
}

/** The folder of serve8008 itself. */
const own = new URL('..', import.meta.url).href
/** Milliseconds that Node gets for checking the syntax of one file. */
const checkMs = 5000
/** Files whose syntax is checked at most. */
const mostChecks = 10

/** What was thrown, as text. */
export function errorText(thrown: unknown): ErrorText {
  if (!(thrown instanceof Error)) return { name: '', message: thrownMessage(thrown), code: undefined, stack: '' }
  const { name, message, stack = '' } = thrown
  return { name, message, code: 'code' in thrown ? String(thrown.code) : undefined, stack }
}

/** The error of a config file again, its message with the line and column where it arose. */
export async function placedError(
  { name, message, code, stack }: ErrorText,
  config: string,
  cause?: unknown,
): Promise<Error> {
  const [first = ''] = message.split('\n')
  const place = placeIn(stack) ?? (name === 'SyntaxError' ? await syntaxPlace(config) : undefined)
  const said = first.replace(/\.$/, '')
  const text = place === undefined ? said : `${said} (${placeText(place, config)})`
  const error = name === 'SyntaxError' ? new SyntaxError(text, { cause }) : new Error(text, { cause })
  return Object.assign(error, code === undefined ? {} : { code }, place === undefined ? {} : { place })
}

function placeText({ file, line, column }: SourcePosition, config: string): string {
  return `${file === config ? '' : `${basename(file)}, `}line ${line}, column ${column}`
}

/** Node's output for a file that ends too early: a place in front, and no mark below its line. */
const endOfFile = /^((?:file:\/\/|\/|[A-Z]:\\).*):(\d+)\n.*\n( *)\n/

/**
 * Where Node says that an error arose: in front of its stack, by the line and a mark below it, or in the first frame that
 * is of the project.
 */
function placeIn(stack: string): SourcePosition | undefined {
  const [, path, line, mark] = /^(\S.*):(\d+)\n.*\n( *)\^/.exec(stack) ?? endOfFile.exec(stack) ?? []
  if (path !== undefined && mark !== undefined) {
    return { file: pathOf(path), line: Number(line), column: mark.length + 1 }
  }
  for (const frame of framesOf(stack)) {
    if (!frame.isOwn && !/[/\\]node_modules[/\\]/.test(frame.file)) return positionOf(frame)
  }
  return undefined
}

interface Frame extends SourcePosition {
  /** Whether it is of serve8008 itself. */
  readonly isOwn: boolean
}

function framesOf(stack: string): Frame[] {
  const frames = stack.matchAll(/^ +at (?:.*\()?((?:file:\/\/|\/|[A-Z]:\\).*?):(\d+):(\d+)\)?$/gm)
  return [...frames].map(([, file = '', line, column]) => ({
    file: pathOf(file),
    line: Number(line),
    column: Number(column),
    isOwn: file.startsWith(own),
  }))
}

function positionOf({ file, line, column }: SourcePosition): SourcePosition {
  return { file, line, column }
}

function pathOf(place: string): string {
  return place.startsWith('file:') ? fileURLToPath(place.replace(/\?.*$/, '')) : place
}

/**
 * Node says where the syntax of a module is wrong only with `--check`. It runs beside the server, which keeps serving.
 */
async function syntaxPlace(config: string): Promise<SourcePosition | undefined> {
  for (const file of importedFiles(config).slice(0, mostChecks)) {
    const place = placeIn(await complaintAbout(file))
    if (place !== undefined) return place
  }
  return undefined
}

function complaintAbout(file: string): Promise<string> {
  return new Promise((resolve) => {
    execFile(process.execPath, ['--check', file], { timeout: checkMs }, (_error, _stdout, stderr) => resolve(stderr))
  })
}

/**
 * Reports an error that no request waits for: thrown in a timer or an event listener, or a promise that nothing awaits.
 * A forgotten `await` in a handler or plugin must not end the server while its author edits.
 *
 * @returns false for an error of serve8008 itself, after which it is not safe to serve.
 */
export function reportLateError(thrown: unknown, report: Reporter): boolean {
  const frame = framesOf(errorText(thrown).stack)[0]
  if (frame?.isOwn === true) return false
  const place = frame === undefined ? '' : ` (${basename(frame.file)}, line ${frame.line}, column ${frame.column})`
  const message = `Code of the project failed outside of a request: ${thrownText(thrown)}${place}`
  report.error(new ServeError('E8008_HANDLER', message, { cause: thrown }))
  return true
}
