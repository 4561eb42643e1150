import type { ResolvedLive } from '../config/types.ts'
import type { Warning } from '../core/warning.ts'
import type { WatchDependencies } from '../static/watch-dependencies.ts'

export type { WatchDependencies }

/** A change that was sent to pages. */
export interface Update {
  /** Absolute paths; empty when every page was reloaded. */
  readonly paths: readonly string[]
  /** Number of pages that got a message. */
  readonly pages: number
  /** Milliseconds from the first change to the last message. */
  readonly ms: number
}

/** An error of a page. */
export interface PageError {
  /** Path of the page. */
  readonly page: string
  /** `error` for console.error, `exception` for an uncaught error, `rejection` for an unhandled rejection. */
  readonly level: string
  /** Any characters: escape it before you print it. */
  readonly text: string
}

/** What {@link createLive} needs. */
export interface LiveOptions extends ResolvedLive {
  /** Path of the control endpoints, with a slash at both ends. */
  readonly controlPath: string
  /** Absolute served folders. */
  readonly folders: readonly string[]
  /** Whether browsers may use cached files without revalidation. */
  readonly cached: boolean
  readonly maxPages: number
  /** Most bytes to which a compressed page may expand. */
  readonly pageBytes: number
  /** The files that decide what a request path answers. */
  readonly dependenciesOf: (path: string) => WatchDependencies
  readonly onChange: (paths: readonly string[]) => void
  readonly onUpdate: (update: Update) => void
  readonly onConsole: (error: PageError) => void
  readonly onWarning: (warning: Warning) => void
}
