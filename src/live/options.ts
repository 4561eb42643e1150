import type { ResolvedLive } from '../config/value-types.ts'
import type { Warning } from '../core/warning.ts'
import type { WatchDependencies } from '../static/watch-dependencies.ts'
import type { PageError, ShownError, Update } from './types.ts'

/** How many pages are connected, and how many may be. The sites of a server share it. */
export interface PageCount {
  open: number
  readonly most: number
}

/** What {@link createLive} needs. */
export interface LiveOptions extends ResolvedLive {
  /** Path of the control endpoints, with a slash at both ends. */
  readonly controlPath: string
  /** Whether pages get live reload though no listener of this server is bound: an embedding program serves them. */
  readonly isEmbedded: boolean
  /** Absolute served folders, the one at the top first; routes may add and remove others. */
  readonly folders: () => readonly string[]
  /** Whether browsers may use cached files without revalidation. */
  readonly cached: boolean
  /** The connected pages of the server. */
  readonly pages: PageCount
  /** Most bytes to which a compressed page may expand. */
  readonly pageBytes: number
  /** The files that decide what a request path answers, for each folder that may answer it. */
  readonly dependenciesOf: (path: string) => readonly WatchDependencies[]
  /** Called with the absolute paths of changed files that pages use, debounced. */
  readonly onChange: (paths: readonly string[]) => void
  /**
   * Asked about changed files before pages are updated. Resolves with the paths to update pages for instead, if any.
   * Undefined where nothing is to be asked.
   */
  readonly claim: (paths: readonly string[]) => Promise<readonly string[] | undefined> | undefined
  /** Why the index page of the top folder stays empty in browsers; undefined if it does not. */
  readonly indexError: () => Promise<ShownError | undefined>
  /** Reloads the pages of every site of the server, for a request that has the token. */
  readonly reloadSites: (paths: readonly string[] | undefined) => Update
  readonly onUpdate: (update: Update) => void
  readonly onConsole: (error: PageError) => void
  readonly onWarning: (warning: Warning) => void
}
