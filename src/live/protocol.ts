/*
 * What pages and the server say to each other: JSON texts over the WebSocket at `<base>__serve8008/socket?token=…`.
 * Server and browser client share these types; there is nothing here at run time.
 *
 * A page starts by fetching `<base>__serve8008/session` with the field `X-Serve8008: live` (which no page of another
 * origin can send without being allowed to), opens the socket with the token it got, and says hello.
 *
 * Paths are URL paths as the page knows them: percent-encoded, without query and fragment. Times are milliseconds
 * since 1970 on the server's clock.
 */

/** What a page learns before it opens the socket. */
export interface Session {
  /** Opens the socket; another one at each start of the server. */
  readonly token: string
  /** Path of the socket, without the token. */
  readonly socket: string
  /** Stands for the served folders: another project may take the place of the one that a page came from. */
  readonly site: string
  /** What becomes of a page whose document has changed. */
  readonly reload: 'page' | 'morph'
  /** Whether the page may show what happened in a small box. */
  readonly toast: boolean
  /** Whether errors of the page are to be sent to the terminal. */
  readonly console: boolean
  /** Whether files may be kept by the browser without asking again (`--cache`). */
  readonly cached: boolean
  /** When this was said. */
  readonly time: number
}

/** What a page sends. `hello` comes first, and once. */
export type FromPage =
  | {
      readonly type: 'hello'
      /** The page's own path. */
      readonly document: string
      /** Paths of everything of this origin that the page has loaded so far. */
      readonly resources: readonly string[]
      /** Milliseconds since the page began to load, where it has not heard from a server yet. */
      readonly age?: number
      /** When it was that old, by the `time` of the session; by default when the hello comes, which may be held up. */
      readonly ageAt?: number | undefined
      /** A `time` that the page had heard before it was loaded again: it is at least as new as that. */
      readonly loadedAfter?: number | undefined
      /** The last `time` that it heard. */
      readonly syncedAt?: number
    }
  /** Further paths that the page has loaded. */
  | { readonly type: 'uses'; readonly resources: readonly string[] }
  /** An error of the page, when the session asks for them. */
  | { readonly type: 'console'; readonly level: 'error' | 'exception' | 'rejection'; readonly text: string }

/** One file of a page that has changed. */
export interface Change {
  /** Under which path the page uses it. */
  readonly path: string
  /** What it is, by the type of the file. */
  readonly kind: 'style' | 'media' | 'document' | 'other'
}

/** An error that a build script shows on open pages. */
export interface ShownError {
  /** What failed, for example `Build failed`. */
  readonly title: string
  readonly message: string
  readonly file?: string | undefined
  /** Line in the file, from 1. */
  readonly line?: number | undefined
  /** Lines of source around the place. */
  readonly frame?: string | undefined
}

/** What the server sends. */
export type ToPage =
  /** Answers a hello: the page is up to date. */
  | { readonly type: 'welcome'; readonly time: number }
  /** Files of the page have changed; never empty. It also is the answer to a hello that came too late for them. */
  | { readonly type: 'change'; readonly time: number; readonly changes: readonly Change[] }
  /** Reload, whatever has changed. */
  | { readonly type: 'reload'; readonly time: number }
  /** Show a message for a moment. */
  | { readonly type: 'notify'; readonly message: string }
  /** Show an error until the next message of this type, or, with null, none. */
  | { readonly type: 'error'; readonly error: ShownError | null }
