import * as v from 'valibot'
import type { Problem } from '../diagnostic.ts'
import type { Optional } from '../kinds/proxy-types.ts'
import type { Checked } from '../plain-object.ts'

/** The definition of a limit. Flags, environment variables, validation and documentation derive from it. */
export interface Limit {
  readonly default: number
  /** The smallest value with which ordinary requests succeed. */
  readonly min: number
  readonly max: number
  readonly unit:
    | 'bytes'
    | 'milliseconds'
    | 'fields'
    | 'connections'
    | 'replies'
    | 'files'
    | 'ranges'
    | 'pages'
    | 'exchanges'
    | 'passwords'
    | 'users'
    | 'requests'
    | 'percent'
}

/** Node's timers hold 31 bits of milliseconds: a longer one would fire at once. */
const longest = 2 ** 31 - 1
/** On a busy machine a shorter time would cut ordinary requests. */
const shortest = 100
const mebibyte = 2 ** 20

/** Every limit. Its docstring is what editors show. */
class LimitDefinitions {
  /** Bytes of a request's header section, request line included. Default 16384. */
  readonly headerBytes: Limit = {
    default: 16_384,
    // The header section of a minimal request of a browser.
    min: 512,
    max: mebibyte,
    unit: 'bytes',
  }
  /** Header fields of a request. Default 128. */
  readonly headerCount: Limit = {
    default: 128,
    min: 16,
    // Node drops fields beyond 1000 silently.
    max: 1000,
    unit: 'fields',
  }
  /** Bytes of the request-target. Default 8192. */
  readonly targetBytes: Limit = {
    default: 8192,
    min: 128,
    max: mebibyte,
    unit: 'bytes',
  }
  /** Bytes of a request's content. Default 1 GiB. */
  readonly bodyBytes: Limit = {
    default: 2 ** 30,
    min: 0,
    max: Number.MAX_SAFE_INTEGER,
    unit: 'bytes',
  }
  /** Milliseconds until the header section must be complete. Default 15000. */
  readonly headerMs: Limit = {
    default: 15_000,
    min: shortest,
    max: longest,
    unit: 'milliseconds',
  }
  /** Milliseconds until the whole request must have arrived. Default 300000. */
  readonly requestMs: Limit = {
    default: 300_000,
    min: shortest,
    max: longest,
    unit: 'milliseconds',
  }
  /** Milliseconds that a connection may be idle between requests. Default 10000. */
  readonly idleMs: Limit = {
    default: 10_000,
    min: 10,
    max: longest,
    unit: 'milliseconds',
  }
  /**
   * Bytes of content that are read although the reply does not need them: an HTTP/1.1 connection stays open when a request
   * has no more, and the end of an HTTP/2 reply waits for them. Default 16 MiB.
   */
  readonly drainBytes: Limit = {
    default: 16 * mebibyte,
    min: 0,
    max: Number.MAX_SAFE_INTEGER,
    unit: 'bytes',
  }
  /** Milliseconds that the end of an HTTP/2 reply waits for such content, or a reply without content. Default 200. */
  readonly drainMs: Limit = {
    default: 200,
    min: 0,
    max: longest,
    unit: 'milliseconds',
  }
  /** Bytes that are read and dropped after a reply that closes the connection, so that the client can read it. Default 64 MiB. */
  readonly lingerBytes: Limit = {
    default: 64 * mebibyte,
    min: 0,
    max: Number.MAX_SAFE_INTEGER,
    unit: 'bytes',
  }
  /** Milliseconds in which a slow client must read a part of its reply. Default 60000. */
  readonly writeMs: Limit = {
    default: 60_000,
    min: shortest,
    max: longest,
    unit: 'milliseconds',
  }
  /** HTTP/1.1 connections to one upstream; beyond it requests wait for a free one. Default 1024. */
  readonly upstreamConnections: Limit = {
    // More than `waitingReplies`, so that replies to slow clients never use all connections.
    default: 1024,
    min: 1,
    max: 1_000_000,
    unit: 'connections',
  }
  /**
   * Percent of the connections to one upstream that one client may hold, of those that other clients leave: a client whose
   * requests hang does not take the last ones, and one with a thousand event streams gets them. A client is an IPv4 address or
   * a 64-bit network of IPv6. Default 98.
   */
  readonly upstreamShare: Limit = {
    default: 98,
    min: 1,
    max: 100,
    unit: 'percent',
  }
  /**
   * Requests that wait for a connection to one upstream; beyond it the newest one of the client with the most gets a 503.
   * Default 1024.
   */
  readonly queuedRequests: Limit = {
    default: 1024,
    min: 0,
    max: 1_000_000,
    unit: 'requests',
  }
  /** Milliseconds that a request waits for a connection to its upstream; then it gets a 503. Default 60000. */
  readonly queueMs: Limit = {
    default: 60_000,
    min: shortest,
    max: longest,
    unit: 'milliseconds',
  }
  /** Replies that wait for slow clients; beyond it the one that has waited longest is aborted. Default 512. */
  readonly waitingReplies: Limit = {
    default: 512,
    min: 1,
    max: 1_000_000,
    unit: 'replies',
  }
  /** Bytes buffered for slow clients; beyond it the reply that has waited longest is aborted. Default 128 MiB. */
  readonly waitingBytes: Limit = {
    default: 128 * mebibyte,
    min: 0,
    max: Number.MAX_SAFE_INTEGER,
    unit: 'bytes',
  }
  /** Files open for sending; beyond it those of slow clients are closed until they read again. Default 256. */
  readonly openFiles: Limit = {
    default: 256,
    // More than are read at once.
    min: 32,
    max: 1_000_000,
    unit: 'files',
  }
  /** Milliseconds without progress after which the reply to a half-closed client is aborted. Default 10000. */
  readonly halfClosedMs: Limit = {
    default: 10_000,
    min: 10,
    max: longest,
    unit: 'milliseconds',
  }
  /** Open connections; one more replaces the one that has been idle longest, or is closed when none is idle. Default 2048. */
  readonly connections: Limit = {
    default: 2048,
    min: 1,
    max: 1_000_000,
    unit: 'connections',
  }
  /** Wrong passwords for one user from one client within `guessMs`; then the client gets a 429 for this user. Default 10. */
  readonly passwordGuesses: Limit = {
    default: 10,
    min: 1,
    max: 1000,
    unit: 'passwords',
  }
  /** Wrong passwords for all users from one client (for IPv6 a /64 network) within `guessMs`. Default 100. */
  readonly clientGuesses: Limit = {
    default: 100,
    min: 1,
    max: 100_000,
    unit: 'passwords',
  }
  /** Milliseconds in which wrong passwords are counted, from the first one; then a client may try again. Default 60000. */
  readonly guessMs: Limit = {
    default: 60_000,
    min: shortest,
    max: longest,
    unit: 'milliseconds',
  }
  /** Pairs of client and user whose wrong passwords are counted; beyond it the oldest one is dropped. Default 10000. */
  readonly guessedUsers: Limit = {
    default: 10_000,
    // More than one client can add.
    min: 200,
    max: 1_000_000,
    unit: 'users',
  }
  /** Milliseconds that `close()` waits for replies under way. Default 5000. */
  readonly closeMs: Limit = {
    default: 5000,
    min: 0,
    max: longest,
    unit: 'milliseconds',
  }
  /** Bytes of file content kept in memory. Default 64 MiB. */
  readonly cacheBytes: Limit = {
    default: 64 * mebibyte,
    min: 0,
    max: Number.MAX_SAFE_INTEGER,
    unit: 'bytes',
  }
  /** Ranges answered in one reply; a request for more gets the whole file. Default 32. */
  readonly ranges: Limit = {
    default: 32,
    min: 1,
    max: 1000,
    unit: 'ranges',
  }
  /** Bytes of the header section of an upstream's reply. Default 262144. */
  readonly replyHeaderBytes: Limit = {
    // Chromium accepts 256 KiB.
    default: mebibyte / 4,
    min: 1024,
    max: 16 * mebibyte,
    unit: 'bytes',
  }
  /** Pages connected to live reload; others must be reloaded by hand. Default 256. */
  readonly livePages: Limit = {
    default: 256,
    min: 0,
    max: 100_000,
    unit: 'pages',
  }
  /**
   * Bytes to which the first part of a compressed page may expand for live reload. A larger page passes unchanged; it is
   * aborted where that shows later and it expands more than a hundredfold. Default 32 MiB.
   */
  readonly pageBytes: Limit = {
    default: 32 * mebibyte,
    min: 1024,
    max: Number.MAX_SAFE_INTEGER,
    unit: 'bytes',
  }
  /** Bytes of content that `rewriteBody` of a route rewrites, coded and decoded; larger content passes unchanged. Default 1 MiB. */
  readonly rewriteBytes: Limit = {
    default: mebibyte,
    min: 1024,
    max: 8 * mebibyte,
    unit: 'bytes',
  }
  /** Bytes of the content of a message that a recording keeps; the rest is counted. Default 65536. */
  readonly recordedContentBytes: Limit = {
    default: 65_536,
    min: 0,
    max: 2 ** 30,
    unit: 'bytes',
  }
  /** Exchanges that recordings keep; beyond it the oldest is dropped. Default 1000. */
  readonly recordedExchanges: Limit = {
    default: 1000,
    min: 1,
    max: 100_000,
    unit: 'exchanges',
  }
  /** Bytes of fields and content that recordings keep; beyond it the oldest exchange is dropped. Default 64 MiB. */
  readonly recordedBytes: Limit = {
    default: 64 * mebibyte,
    min: 65_536,
    max: Number.MAX_SAFE_INTEGER,
    unit: 'bytes',
  }
}

type NumbersOf<Definitions> = { -readonly [Name in keyof Definitions]: number }

/** Limits on sizes, counts and times. */
export interface Limits extends NumbersOf<LimitDefinitions> {}

/** Every limit by name. @internal */
export const limitTable: Readonly<Record<keyof Limits, Limit>> = new LimitDefinitions()

/** The names of all limits. @internal */
export const limitNames: readonly (keyof Limits)[] = Object.keys(limitTable) as (keyof Limits)[]

/** The values of a limit, for the end of a sentence. @internal */
export function limitAccepts(name: keyof Limits): string {
  const { min, max, unit } = limitTable[name]
  return `a whole number from ${min} to ${max} (${unit})`
}

/** The default of every limit. @internal */
export const usualLimits: Limits = Object.fromEntries(
  limitNames.map((name) => [name, limitTable[name].default]),
) as unknown as Limits

const whole = v.pipe(v.number('a number'), v.integer('a whole number'))

/** The shape of the option `limits`. @internal */
export const limitSchema: v.GenericSchema<Optional<Limits>> = v.strictObject(
  Object.fromEntries(
    limitNames.map((name) => {
      const { min, max } = limitTable[name]
      const within = 'within bounds'
      return [name, v.optional(v.pipe(whole, v.minValue(min, within), v.maxValue(max, within)))]
    }),
  ),
  'an object',
)

/** Adds defaults; the time for the header section is never longer than that for the request. @internal */
export function resolveLimits(given: Optional<Limits>, problems: Problem[]): Limits {
  const limits = { ...usualLimits, ...(given as Checked<typeof given>) }
  if (limits.headerMs <= limits.requestMs) return limits
  // The header section is a part of the request, so its limit cannot be longer. A limit that was set wins over a default.
  if (given.headerMs === undefined) return { ...limits, headerMs: limits.requestMs }
  if (given.requestMs === undefined) return { ...limits, requestMs: limits.headerMs }
  problems.push({
    path: ['limits', 'headerMs'],
    message: `${limits.headerMs} is longer than requestMs (${limits.requestMs}), of which it is a part`,
    hint: `use at most ${limits.requestMs}`,
  })
  return limits
}
