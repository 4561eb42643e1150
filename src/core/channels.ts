import { channel } from 'node:diagnostics_channel'
import type { AccessRecord } from '../server/types.ts'

/** A request that was read, before anything of it was checked. */
interface RequestStartMessage {
  /** Counts up from 1 within the process; the `id` of the exchange. */
  readonly id: number
  /** Wall-clock time in milliseconds since 1970. */
  readonly time: number
  /** Remote address; empty for a unix socket. */
  readonly address: string
  readonly method: string
  /** As received, secrets in its query redacted. */
  readonly target: string
  /** HTTP version as sent, for example `1.1`; `2` for HTTP/2. */
  readonly version: string
  /** The request's `Host` as received, userinfo redacted; empty without one. */
  readonly host: string
}

/** A request that was refused, or whose reply failed. The end of the request follows. */
interface RequestErrorMessage {
  readonly id: number
  /** Error code, for example `E8008_NOT_FOUND`. */
  readonly code: string
  /** Status of the reply. */
  readonly status: number
  /** Remark of the access log, or empty. */
  readonly remark: string
}

/** One attempt of a route to get a reply from an upstream. */
interface UpstreamAttemptMessage {
  /** The `id` of the exchange. */
  readonly id: number
  readonly phase: 'start' | 'end'
  /** Counts up from 1 within the exchange. */
  readonly attempt: number
  /** Name of the route. */
  readonly route: string
  /** The upstream, for example `localhost:3000`. */
  readonly upstream: string
  /** Status of its reply; undefined at the start, and without a reply. */
  readonly status: number | undefined
  /** Why there is no reply, for example `refused`, or an error code; undefined otherwise. */
  readonly fault: string | undefined
  /** Milliseconds from the start to the header section of the reply, or to the fault; undefined at the start. */
  readonly ms: number | undefined
}

/** Files that open pages use have changed. */
interface FileChangeMessage {
  /** Absolute paths. */
  readonly paths: readonly string[]
}

/** The channels of `node:diagnostics_channel`, and what is published on each. */
export interface ChannelMessages {
  'serve8008:request:start': RequestStartMessage
  /** The record of the event `reply`, with the `id` of the exchange. */
  'serve8008:request:end': AccessRecord & { readonly id: number }
  'serve8008:request:error': RequestErrorMessage
  'serve8008:upstream:attempt': UpstreamAttemptMessage
  'serve8008:file:change': FileChangeMessage
}

/** A message is made only where `hasSubscribers` says so. */
interface Topic<Name extends keyof ChannelMessages> {
  readonly hasSubscribers: boolean
  publish(message: ChannelMessages[Name]): void
}

function topic<Name extends keyof ChannelMessages>(name: Name): Topic<Name> {
  return channel(name)
}

export const requestStart: Topic<'serve8008:request:start'> = topic('serve8008:request:start')
export const requestEnd: Topic<'serve8008:request:end'> = topic('serve8008:request:end')
export const requestError: Topic<'serve8008:request:error'> = topic('serve8008:request:error')
export const upstreamAttempt: Topic<'serve8008:upstream:attempt'> = topic('serve8008:upstream:attempt')
export const fileChange: Topic<'serve8008:file:change'> = topic('serve8008:file:change')
