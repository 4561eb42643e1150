import type { SkippedPort } from '../net/types.ts'
import { errorCodes, isReplyCode, type ErrorCode } from './codes.ts'

const brand: unique symbol = Symbol.for('serve8008.error')

/** An option that would help. The command shows it as a flag, the library as an option. */
export interface Suggestion {
  /** Name of the option, as in a program. */
  readonly option: string
  /** The value that would help. */
  readonly value: string | number | readonly string[]
}

/** The position of a problem in a file. */
export interface SourcePosition {
  /** Absolute path. */
  readonly file: string
  /** From 1. */
  readonly line: number
  /** From 1. */
  readonly column: number
}

/** A server that runs already. */
export interface RunningAddress {
  readonly url: string
  readonly pid: number
}

/** What an error has beside its sentence. */
export interface ErrorDetails {
  /** What to do: the exact command or option where there is one. */
  readonly hint?: string | undefined
  /** The option that would help. Without a `hint` it becomes the hint, such as `port: 8009`. */
  readonly fix?: Suggestion | undefined
  /** Every problem found, where several are reported at once. */
  readonly problems?: readonly string[] | undefined
  /** The position in a config file, or in a file that it imports. */
  readonly place?: SourcePosition | undefined
  /** The server that serves this folder already. */
  readonly running?: RunningAddress | undefined
  /** The ports that were tried, each with what holds it. */
  readonly skipped?: readonly SkippedPort[] | undefined
  /** Header fields of the error reply (flat list), for example `Allow`. */
  readonly headers?: readonly string[] | undefined
  /** Whether to close the connection, where the end of the message is unknown. Default false. */
  readonly close?: boolean | undefined
  readonly cause?: unknown
}

/**
 * The error class of serve8008: a sentence, a stable code and a hint.
 *
 * Match on `code`, or use {@link isServeError}, which knows errors of another copy of the package too.
 */
export class ServeError extends Error {
  /** Stable code, for example `E8008_PORT_HELD`. */
  readonly code: ErrorCode
  /** What to do, or undefined. */
  readonly hint: string | undefined
  /** The option that would help, or undefined. */
  readonly fix: Suggestion | undefined
  /** Every problem found, where several are reported at once. */
  readonly problems: readonly string[]
  /** The position in a config file, or in a file that it imports, or undefined. */
  readonly place: SourcePosition | undefined
  /** The server of the command that serves this folder already, or undefined. */
  readonly running: RunningAddress | undefined
  /** The ports that were tried, each with what holds it. */
  readonly skipped: readonly SkippedPort[]
  /** HTTP status when the error ends an exchange. */
  readonly status: number
  /** Exit code of the command: 1 runtime, 2 usage or configuration, 3 port or permission. */
  readonly exitCode: number
  /** Header fields of the error reply, as a flat list. */
  readonly headers: readonly string[]
  /** Whether the connection must close after the reply. */
  readonly close: boolean

  constructor(code: ErrorCode, message: string, details: ErrorDetails = {}) {
    const { stackTraceLimit } = Error
    // The stack of a refusal is never read, and costs as much as the rest of its reply. With --frozen-intrinsics the
    // limit is constant, and an assignment would throw.
    if (isReplyCode(code)) Reflect.set(Error, 'stackTraceLimit', 0)
    super(message, details.cause === undefined ? undefined : { cause: details.cause })
    Reflect.set(Error, 'stackTraceLimit', stackTraceLimit)
    this.name = 'ServeError'
    this.code = code
    this.hint = details.hint ?? (details.fix === undefined ? undefined : optionText(details.fix))
    this.fix = details.fix
    this.problems = details.problems ?? []
    this.place = details.place
    this.running = details.running
    this.skipped = details.skipped ?? []
    this.status = errorCodes[code].status
    this.exitCode = errorCodes[code].exitCode
    this.headers = details.headers ?? []
    this.close = details.close ?? false
    Object.defineProperty(this, brand, { value: true })
  }
}

/** A fix as a program writes it: `port: 8009`, `allowHost: ['my.app']`. */
export function optionText({ option, value }: Suggestion): string {
  const literal = (each: string | number): string => (typeof each === 'number' ? String(each) : `'${each}'`)
  return `${option}: ${typeof value === 'object' ? `[${value.map(literal).join(', ')}]` : literal(value)}`
}

/** Whether a value is a ServeError, of this copy of the package or of another. */
export function isServeError(value: unknown): value is ServeError {
  return typeof value === 'object' && value !== null && brand in value
}
