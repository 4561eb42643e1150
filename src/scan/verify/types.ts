import type { CheckCode } from '../../core/codes.ts'

export type { CheckCode }

/**
 * What a check found. `not applicable`: the server has nothing to check, or the answers cannot tell. `not tested`: no answers
 * came in time, so that the check does not pass.
 */
export type CheckVerdict = 'passed' | 'failed' | 'not applicable' | 'not tested'

/** One check of a server. Its keys are those of `serve8008 verify --json`. */
export interface VerifyCheck {
  /** For example `S8008_HOST`. */
  readonly code: CheckCode
  /** What is checked, in a few words: `foreign Host`. */
  readonly name: string
  readonly verdict: CheckVerdict
  /** What was seen, as a sentence without its period. */
  readonly why: string
  /** The requests, each as one printable line. Of a check that failed, those that prove it. */
  readonly sent: readonly string[]
  /** How to repair it; undefined unless it failed. */
  readonly fix: string | undefined
}

/** One request that asked the server to forward it to a listener of ours. */
export interface RelayAttempt {
  /** For example `HTTP/2 over TLS`, or `HTTP/1.1 at ::1` where both families were tested. */
  readonly protocol: string
  /** The request as one printable line. */
  readonly sent: string
  /** `status 421`, `closed` or `no answer`. */
  readonly answer: string
  /** Whether the listener was contacted: nothing else counts. */
  readonly contacted: boolean
}

/**
 * The result of the relay test. `relays to loopback`: the listener was contacted. `refuses`: it was not, and every request
 * that names another server in its target or its `Host` was answered by an error. `not shown to relay`: it was not contacted;
 * a proxy that denies loopback targets alone looks the same. `not tested`: no HTTP, a server of another machine, or no time.
 */
export interface RelayResult {
  readonly verdict: 'relays to loopback' | 'not shown to relay' | 'refuses' | 'not tested'
  readonly attempts: readonly RelayAttempt[]
}

/** What {@link verify} found. Its keys are those of `serve8008 verify --json`. */
export interface VerifyResult {
  /** The URL that was tested. */
  readonly url: string
  /** The addresses that were tested: one, or one of each family; the path of a unix socket. */
  readonly addresses: readonly string[]
  /** The port; 0 for a unix socket. */
  readonly port: number
  /** What the server speaks, for example `HTTP/1.1` and `HTTP/2 over TLS`. */
  readonly protocols: readonly string[]
  readonly relay: RelayResult
  readonly checks: readonly VerifyCheck[]
  /** Whether no check failed, and each that applies was made. */
  readonly passed: boolean
}

/** What {@link verify} takes beside the URL. */
export interface VerifyOptions {
  /** A host that is not this machine and may be tested: exactly the host of the URL. Default: none. */
  readonly host?: string | undefined
  /**
   * Address of this machine, or path of a unix socket, to connect to instead of the addresses of the URL's host, which is then
   * not looked up.
   */
  readonly address?: string | undefined
  /** Milliseconds that each request may take. Default 3000. */
  readonly timeoutMs?: number | undefined
  /** Milliseconds that all requests may take together; checks without time are `not tested`. Default 60000. */
  readonly totalMs?: number | undefined
}
