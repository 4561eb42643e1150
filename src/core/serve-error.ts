import { errorCodes, type ErrorCode } from './codes.ts'

const brand: unique symbol = Symbol.for('serve8008.error')

/** A way out that one option opens. Whoever shows the error words it: a program sets options, a person types flags. */
export interface Fix {
  /** The option's name, as in a program. */
  readonly option: string
  /** The value that would help. */
  readonly value: string | number | readonly string[]
}

/** Where in a file something is wrong. */
export interface SourcePosition {
  /** Absolute path. */
  readonly file: string
  /** From 1. */
  readonly line: number
  /** From 1. */
  readonly column: number
}

/** What an error carries beside its sentence. */
export interface ErrorDetails {
  /** The way out, with the exact command or option where there is one. */
  readonly hint?: string | undefined
  /** The option that would help; without a `hint` it becomes one, such as `port: 8009`. */
  readonly fix?: Fix | undefined
  /** Every problem found, where several are reported at once. */
  readonly problems?: readonly string[] | undefined
  /** Where in a config file, or in what it imports, it arose. */
  readonly place?: SourcePosition | undefined
  /** Response header fields that belong to the refusal (flat list), for example `Allow`. */
  readonly headers?: readonly string[] | undefined
  /** The connection must not be reused: the framing of what follows is in doubt. */
  readonly close?: boolean | undefined
  readonly cause?: unknown
}

/**
 * The one error class of serve8008: a sentence, a stable code and a hint.
 *
 * Match on `code`, or use {@link isServeError}, which holds across two copies of the package.
 */
export class ServeError extends Error {
  /** Stable code, for example `E8008_PORT_HELD`. */
  readonly code: ErrorCode
  /** The way out, or undefined. */
  readonly hint: string | undefined
  /** The option that would help, or undefined. */
  readonly fix: Fix | undefined
  /** Every problem found, where several are reported at once. */
  readonly problems: readonly string[]
  /** Where in a config file, or in what it imports, it arose, or undefined. */
  readonly place: SourcePosition | undefined
  /** HTTP status when the error ends an exchange. */
  readonly status: number
  /** Exit code of the command: 1 runtime, 2 usage or configuration, 3 port or permission. */
  readonly exitCode: number
  /** Response header fields of the refusal, flat. */
  readonly headers: readonly string[]
  /** Whether the connection must close after the reply. */
  readonly close: boolean

  constructor(code: ErrorCode, message: string, details: ErrorDetails = {}) {
    super(message, details.cause === undefined ? undefined : { cause: details.cause })
    this.name = 'ServeError'
    this.code = code
    this.hint = details.hint ?? (details.fix === undefined ? undefined : optionText(details.fix))
    this.fix = details.fix
    this.problems = details.problems ?? []
    this.place = details.place
    this.status = errorCodes[code].status
    this.exitCode = errorCodes[code].exitCode
    this.headers = details.headers ?? []
    this.close = details.close ?? false
    Object.defineProperty(this, brand, { value: true })
  }
}

/** A fix as a program writes it: `port: 8009`, `allowHost: ['my.app']`. */
export function optionText({ option, value }: Fix): string {
  const literal = (each: string | number): string => (typeof each === 'number' ? String(each) : `'${each}'`)
  return `${option}: ${typeof value === 'object' ? `[${value.map(literal).join(', ')}]` : literal(value)}`
}

/** Whether a value is a ServeError, of this copy of the package or of another. */
export function isServeError(value: unknown): value is ServeError {
  return typeof value === 'object' && value !== null && brand in value
}
