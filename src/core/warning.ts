import type { Suggestion } from './serve-error.ts'

/** Every code of a warning; `warning-texts.ts` says what each means. A code is never renamed: scripts match on it. */
export type WarningCode =
  | 'W8008_ACTIVATION'
  | 'W8008_ADVERTISE'
  | 'W8008_AUTHORITY'
  | 'W8008_AUTH_FILE'
  | 'W8008_BAD_PORT'
  | 'W8008_CERT'
  | 'W8008_CERT_NAME'
  | 'W8008_CONFIG'
  | 'W8008_CONNECTIONS'
  | 'W8008_CUT'
  | 'W8008_EXPOSED'
  | 'W8008_HEALTH'
  | 'W8008_LIVE'
  | 'W8008_LIVE_BLOCKED'
  | 'W8008_NOT_REWRITTEN'
  | 'W8008_OPEN'
  | 'W8008_OUTPUT'
  | 'W8008_PLACEHOLDER'
  | 'W8008_PRESET'
  | 'W8008_PROJECT'
  | 'W8008_RESTART'
  | 'W8008_SINGLE'
  | 'W8008_TELLING'
  | 'W8008_UNTRUSTED'
  | 'W8008_UNVERIFIED'
  | 'W8008_UPSTREAM'
  | 'W8008_WATCH'
  | 'W8008_WATCH_POLL'
  | 'W8008_WORKER'

/** Something a person should know that does not stop the server. */
export interface Warning {
  /** Stable code. `serve8008 explain W8008_CERT` prints what it means. */
  readonly code: WarningCode
  /** One sentence. */
  readonly message: string
  /** What to do, in words or as a command. */
  readonly hint?: string
  /** The option that helps. */
  readonly fix?: Suggestion
}
