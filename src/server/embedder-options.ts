import type { ResolvedConfig } from '../config/types.ts'
import type { createAccessLog } from '../inspect/inspect.ts'
import type { Suggestion } from '../core/serve-error.ts'
import type { Warning } from '../core/warning.ts'

/** Words the option that would prevent an error, for the person who started the server. */
export type Phrase = (fix: Suggestion) => string

/** Options that only a program can set: a config file cannot hold functions and signals. */
export interface ProgramOptions {
  /** Closes the server when it aborts. */
  readonly signal?: AbortSignal | undefined
  /** Receives the lines of the access log. Default: standard output. Not called unless `log` is set. */
  readonly write?: ((text: string) => void) | undefined
  /** Whether lines of the access log may hold colours. Default false. */
  readonly color?: boolean | undefined
  /** Width of the access log in columns; longer targets are cut. Default: no bound. */
  readonly columns?: number | undefined
  /** Folder of the local certificate authority. Default: the user's own, outside of any project. */
  readonly authorityFolder?: string | undefined
  /** Words the option that would prevent an error, for error pages and the log. Default: as an option of `createServer`. */
  readonly phrase?: Phrase | undefined
}

/**
 * Who uses a server.
 *
 * @internal
 */
export interface ServerUse {
  /** Whether pages get live reload without a listener of this server too. Default false. */
  readonly isEmbedded?: boolean
  /** The token of the user who started it with the command, set once the server listens. Default: no such user. */
  readonly owner?: { readonly token: string }
  /** Further warnings about the options, once the server listens. Default: none. */
  readonly warnings?: () => Promise<readonly Warning[]>
}

/**
 * Options of the access log.
 *
 * @internal
 * @param guard Calls the program's `write`, which may throw.
 */
export function logOptions(
  config: ResolvedConfig,
  program: ProgramOptions,
  guard: (write: () => void) => void,
): Parameters<typeof createAccessLog>[0] {
  // The library prints only where the option `log` is set.
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
