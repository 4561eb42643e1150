/*
 * Messages between pages and the server: JSON over the WebSocket at `<base>__serve8008/socket?token=…`. The server and
 * the client share these types; the file has no code.
 *
 * A page first fetches `<base>__serve8008/session` with the field `X-Serve8008: live`, which a page of another origin
 * cannot send without a CORS preflight. Then it opens the socket with the token from the session, and sends its hello.
 *
 * Paths are URL paths as the page knows them: percent-encoded, without query and fragment. Times are milliseconds
 * since 1970 on the server's clock.
 */

import type { ShownError } from './types.ts'

/** The content of `<base>__serve8008/session`. */
export interface Session {
  /** Opens the socket. Each start of the server makes another one. */
  readonly token: string
  /** Path of the socket, without the token. */
  readonly socket: string
  /** Hash of the served folders: a page reloads when it reconnects to the server of another project. */
  readonly site: string
  /** Whether a page whose document has changed is reloaded or patched in place. */
  readonly reload: 'page' | 'morph'
  /** Whether the page shows a short message after an update. */
  readonly toast: boolean
  /** Whether the page sends its errors, for the terminal. */
  readonly console: boolean
  /** Whether browsers may use cached files without revalidation (`--cache`). */
  readonly cached: boolean
  /** When the server sent this. */
  readonly time: number
}

/** Messages of a page. `hello` is the first one, and is sent once. */
export type FromPage =
  | {
      readonly type: 'hello'
      /** Path of the document. */
      readonly document: string
      /** Paths of this origin that the page has loaded so far. */
      readonly resources: readonly string[]
      /** Milliseconds since the page began to load; only of a page that was not connected before. */
      readonly age?: number
      /** The `time` of the session, when the page had that age. Default: when the hello arrives, which may be late. */
      readonly ageAt?: number | undefined
      /** The last `time` that the page received before it was reloaded: the page is at least as new. */
      readonly loadedAfter?: number | undefined
      /** The last `time` that the page received; only of a page that was connected before. */
      readonly syncedAt?: number
    }
  /** More paths that the page has loaded. */
  | { readonly type: 'uses'; readonly resources: readonly string[] }
  /** An error of the page, when the session asks for errors. */
  | { readonly type: 'console'; readonly level: 'error' | 'exception' | 'rejection'; readonly text: string }

/** A changed file that the page uses. */
export interface Change {
  /** Path under which the page uses it. */
  readonly path: string
  /** What the file is for the page, by its media type. */
  readonly kind: 'style' | 'media' | 'document' | 'other'
}

/** Messages of the server. */
export type ToPage =
  /** Answers a hello: the page is up to date. */
  | { readonly type: 'welcome'; readonly time: number }
  /** Files of the page have changed; never empty. Also the answer to a hello, with the changes that the page missed. */
  | { readonly type: 'change'; readonly time: number; readonly changes: readonly Change[] }
  /** Reload the page. */
  | { readonly type: 'reload'; readonly time: number }
  /** Show a message for two seconds. */
  | { readonly type: 'notify'; readonly message: string }
  /** Show an error until the next message of this type. Null hides it. */
  | { readonly type: 'error'; readonly error: ShownError | null }
