import * as v from 'valibot'
import type { Problem } from '../diagnostic.ts'
import type { Optional } from '../route-types.ts'
import type { Checked, Limits } from '../value-types.ts'

/** The definition of a limit. Flags, environment variables, validation and documentation derive from it. */
export interface LimitEntry {
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
  readonly description: string
}

/** Node's timers hold 31 bits of milliseconds: a longer one would fire at once. */
const longest = 2 ** 31 - 1
/** On a busy machine a shorter time would cut ordinary requests. */
const shortest = 100
const mebibyte = 2 ** 20

/** Every limit by name. */
export const limitTable: Readonly<Record<keyof Limits, LimitEntry>> = {
  headerBytes: {
    default: 16_384,
    // The header section of a minimal request of a browser.
    min: 512,
    max: mebibyte,
    unit: 'bytes',
    description: "Bytes of a request's header section, request line included.",
  },
  // Node drops fields beyond 1000 silently.
  headerCount: { default: 128, min: 16, max: 1000, unit: 'fields', description: 'Header fields of a request.' },
  targetBytes: { default: 8192, min: 128, max: mebibyte, unit: 'bytes', description: 'Bytes of the request-target.' },
  bodyBytes: {
    default: 2 ** 30,
    min: 0,
    max: Number.MAX_SAFE_INTEGER,
    unit: 'bytes',
    description: "Bytes of a request's content; content that is forwarded without buffering has no limit.",
  },
  headerMs: {
    default: 15_000,
    min: shortest,
    max: longest,
    unit: 'milliseconds',
    description: 'Milliseconds until the header section must be complete.',
  },
  requestMs: {
    default: 300_000,
    min: shortest,
    max: longest,
    unit: 'milliseconds',
    description: 'Milliseconds until the whole request must have arrived.',
  },
  idleMs: {
    default: 10_000,
    min: 10,
    max: longest,
    unit: 'milliseconds',
    description: 'Milliseconds that a connection may be idle between requests.',
  },
  drainBytes: {
    default: 16 * mebibyte,
    min: 0,
    max: Number.MAX_SAFE_INTEGER,
    unit: 'bytes',
    description:
      'Bytes of content that are read although the reply does not need them; beyond it an HTTP/1.1 connection closes.',
  },
  drainMs: {
    default: 200,
    min: 0,
    max: longest,
    unit: 'milliseconds',
    description: 'Milliseconds that the end of an HTTP/2 reply waits for such content.',
  },
  lingerBytes: {
    default: 64 * mebibyte,
    min: 0,
    max: Number.MAX_SAFE_INTEGER,
    unit: 'bytes',
    description: 'Bytes read and dropped after a reply that closes the connection, so that the client can read it.',
  },
  writeMs: {
    default: 60_000,
    min: shortest,
    max: longest,
    unit: 'milliseconds',
    description: 'Milliseconds in which a slow client must read a part of its reply.',
  },
  upstreamConnections: {
    // More than `waitingReplies`, so that replies to slow clients never use all connections.
    default: 1024,
    min: 1,
    max: 1_000_000,
    unit: 'connections',
    description: 'HTTP/1.1 connections to one upstream; beyond it requests wait for a free one.',
  },
  waitingReplies: {
    default: 512,
    min: 1,
    max: 1_000_000,
    unit: 'replies',
    description: 'Replies that wait for slow clients; beyond it the one that has waited longest is aborted.',
  },
  waitingBytes: {
    default: 128 * mebibyte,
    min: 0,
    max: Number.MAX_SAFE_INTEGER,
    unit: 'bytes',
    description: 'Bytes buffered for slow clients; beyond it the reply that has waited longest is aborted.',
  },
  openFiles: {
    default: 256,
    // More than are read at once.
    min: 32,
    max: 1_000_000,
    unit: 'files',
    description: 'Files open for sending; beyond it those of slow clients are closed until they read again.',
  },
  halfClosedMs: {
    default: 10_000,
    min: 10,
    max: longest,
    unit: 'milliseconds',
    description: 'Milliseconds without progress after which the reply to a half-closed client is aborted.',
  },
  connections: {
    default: 2048,
    min: 1,
    max: 1_000_000,
    unit: 'connections',
    description:
      'Open connections; one more replaces the one that has been idle longest, or is closed when none is idle.',
  },
  closeMs: {
    default: 5000,
    min: 0,
    max: longest,
    unit: 'milliseconds',
    description: 'Milliseconds that closing waits for replies under way.',
  },
  cacheBytes: {
    default: 64 * mebibyte,
    min: 0,
    max: Number.MAX_SAFE_INTEGER,
    unit: 'bytes',
    description: 'Bytes of file content kept in memory.',
  },
  ranges: {
    default: 32,
    min: 1,
    max: 1000,
    unit: 'ranges',
    description: 'Ranges answered in one reply; a request for more gets the whole file.',
  },
  // Chromium accepts 256 KiB.
  replyHeaderBytes: {
    default: mebibyte / 4,
    min: 1024,
    max: 16 * mebibyte,
    unit: 'bytes',
    description: "Bytes of the header section of an upstream's reply.",
  },
  livePages: {
    default: 256,
    min: 0,
    max: 100_000,
    unit: 'pages',
    description: 'Pages connected to live reload; others must be reloaded by hand.',
  },
  pageBytes: {
    default: 32 * mebibyte,
    min: 1024,
    max: Number.MAX_SAFE_INTEGER,
    unit: 'bytes',
    description:
      'Bytes to which the first part of a compressed page may expand for live reload; larger pages pass unchanged.',
  },
  recordedContentBytes: {
    default: 65_536,
    min: 0,
    max: 2 ** 30,
    unit: 'bytes',
    description: 'Bytes of the content of a message that a recording keeps; the rest is counted.',
  },
  recordedExchanges: {
    default: 1000,
    min: 1,
    max: 100_000,
    unit: 'exchanges',
    description: 'Exchanges that recordings keep; beyond it the oldest is dropped.',
  },
  recordedBytes: {
    default: 64 * mebibyte,
    min: 65_536,
    max: Number.MAX_SAFE_INTEGER,
    unit: 'bytes',
    description: 'Bytes of fields and content that recordings keep; beyond it the oldest exchange is dropped.',
  },
}

/** The names of all limits. */
export const limitNames: readonly (keyof Limits)[] = Object.keys(limitTable) as (keyof Limits)[]

/** The values of a limit, for the end of a sentence. */
export function limitAccepts(name: keyof Limits): string {
  const { min, max, unit } = limitTable[name]
  return `a whole number from ${min} to ${max} (${unit})`
}

/** The default of every limit. */
export const usualLimits: Limits = Object.fromEntries(
  limitNames.map((name) => [name, limitTable[name].default]),
) as unknown as Limits

/** The shape of the option `limits`. */
export const limitSchema: v.GenericSchema<Optional<Limits>> = v.strictObject(
  Object.fromEntries(
    limitNames.map((name) => {
      const { min, max } = limitTable[name]
      const within = 'within bounds'
      const whole = v.pipe(v.number('a number'), v.integer('a whole number'))
      return [name, v.optional(v.pipe(whole, v.minValue(min, within), v.maxValue(max, within)))]
    }),
  ),
  'an object',
)

/** Adds defaults; the time for the header section is never longer than that for the request. */
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
