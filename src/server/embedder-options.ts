import { quote, type Problem } from '../config/diagnostic.ts'
import type { ResolvedConfig } from '../config/types.ts'
import type { createAccessLog } from '../inspect/recorder.ts'
import type { Phrase } from './error-boundary.ts'

/** What only a program can give: it has no place in a config file. */
export interface ProgramOptions {
  /** Closes the server when it aborts. */
  readonly signal?: AbortSignal | undefined
  /** Takes the lines of the access log. Default: standard output, and nothing unless `log` is set. */
  readonly write?: ((text: string) => void) | undefined
  /** Whether log lines may hold colours. Default false. */
  readonly color?: boolean | undefined
  /** Width that log lines should fit, in columns. Default: no bound. */
  readonly columns?: number | undefined
  /** Folder of the local certificate authority. Default: the user's own, outside of any project. */
  readonly authorityFolder?: string | undefined
  /** Words an option that would help, on error pages and in the log. Default: as an option of `createServer`. */
  readonly phrase?: Phrase | undefined
}

/**
 * How the access log is written.
 *
 * @param guard runs what the program gave, which may throw
 */
export function logOptions(
  config: ResolvedConfig,
  program: ProgramOptions,
  guard: (write: () => void) => void,
): Parameters<typeof createAccessLog>[0] {
  // A library prints only when asked, and `log` asks.
  // oxlint-disable-next-line no-console
  const write = program.write ?? ((text: string) => console.log(text.trimEnd()))
  const { color = false } = program
  return {
    format: config.log,
    write: (text) => guard(() => write(text)),
    color,
    // A terminal may be resized.
    get columns() {
      return program.columns
    },
  }
}

/** What a value of each option has to be, and what it is called. */
const rules: Readonly<Record<keyof ProgramOptions, readonly [noun: string, (value: unknown) => boolean]>> = {
  signal: ['an AbortSignal', isSignal],
  write: ['a function', isFunction],
  color: ['true or false', (value) => typeof value === 'boolean'],
  columns: ['a number', (value) => typeof value === 'number'],
  authorityFolder: ['the path of a folder', (value) => typeof value === 'string' && value !== ''],
  phrase: ['a function', isFunction],
}

/** What is wrong with them; undefined means "not given". */
export function programProblems(program: ProgramOptions): Problem[] {
  return Object.entries(rules).flatMap(([key, [noun, isRight]]) => {
    const value = program[key as keyof ProgramOptions]
    if (value === undefined || isRight(value)) return []
    const isController = key === 'signal' && isSignal((value as Partial<AbortController> | null)?.signal)
    const fix = isController ? 'did you mean its signal: controller.signal?' : `use ${noun}`
    return [{ path: [key], fault: `${quote(value)} is not ${noun}`, fix }]
  })
}

function isFunction(value: unknown): boolean {
  return typeof value === 'function'
}

/** By what is used of it: that of another realm has another class. */
function isSignal(value: unknown): boolean {
  const { aborted, addEventListener } = (value ?? {}) as Partial<AbortSignal>
  return typeof aborted === 'boolean' && isFunction(addEventListener)
}

/** The options that were given: one that is undefined is as good as none. */
export function definedOnly(program: {
  [Key in keyof ProgramOptions]: ProgramOptions[Key] | undefined
}): ProgramOptions {
  return Object.fromEntries(Object.entries(program).filter(([, value]) => value !== undefined))
}
