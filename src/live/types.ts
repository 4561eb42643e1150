import type { ResolvedLive } from '../config/types.ts'
import type { Warning } from '../core/warning.ts'
import type { WatchDependencies } from '../static/watch-dependencies.ts'

export type { WatchDependencies }

/** What changed, and how many pages heard of it. */
export interface Update {
  /** Absolute paths; empty when every page was told to reload. */
  readonly paths: readonly string[]
  /** Pages that were told. */
  readonly pages: number
  /** Milliseconds from the first of the changes to the last message. */
  readonly ms: number
}

/** What a page logged. */
export interface PageError {
  /** Path of the page. */
  readonly page: string
  /** `error` for console.error, `exception` and `rejection` for what nobody caught. */
  readonly level: string
  /** Anything: not safe to print as it is. */
  readonly text: string
}

/** What {@link createLive} needs. */
export interface LiveOptions extends ResolvedLive {
  /** Path prefix of the whole server, with a slash at both ends. */
  readonly base: string
  /** Absolute served folders. */
  readonly folders: readonly string[]
  /** Whether browsers may keep files without asking again. */
  readonly cached: boolean
  readonly maxPages: number
  /** Bytes to which a coded page may expand. */
  readonly pageBytes: number
  /** The files that decide what a request path answers. */
  readonly sourcesOf: (path: string) => WatchDependencies
  readonly onChange: (paths: readonly string[]) => void
  readonly onUpdate: (update: Update) => void
  readonly onConsole: (error: PageError) => void
  readonly onWarning: (warning: Warning) => void
}
