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

/** An error that a build script shows on open pages. */
export interface ShownError {
  /** What failed, for example `Build failed`. */
  readonly title: string
  readonly message: string
  readonly file?: string | undefined
  /** Line in the file, from 1. */
  readonly line?: number | undefined
  /** Lines of source around that line. */
  readonly frame?: string | undefined
}
