import type { Duplex } from 'node:stream'
import type { ResolvedConfig } from '../config/types.ts'
import type { ServeError } from '../errors/serve-error.ts'
import type { Exchange, Layer } from '../http/exchange.ts'
import type { Reply } from '../http/reply.ts'
import type { SkippedPort } from '../ports/types.ts'

/** Where a listening server is reached. */
export interface Listening {
  /** The URL to show, for example `http://localhost:8008/`. */
  readonly url: string
  /** Every URL: local ones first, then those of the network. */
  readonly urls: { readonly local: readonly string[]; readonly network: readonly string[] }
  /** The host as configured, `localhost` by default. */
  readonly host: string
  /** The port in use; 0 for a unix socket. */
  readonly port: number
  readonly protocol: 'http' | 'https'
  /** The addresses that are bound. */
  readonly addresses: readonly string[]
  /** Ports that were tried before, each with its reason. */
  readonly skipped: readonly SkippedPort[]
}

/** Something a person should know that does not stop the server. */
export interface Warning {
  /** Stable code, for example `W8008_LAN`. */
  readonly code: string
  readonly message: string
  readonly hint?: string
}

/** One finished exchange, as the access log and the `reply` event see it. Never holds credentials. */
export interface AccessRecord {
  /** Wall-clock time of the request in milliseconds since 1970. */
  readonly time: number
  /** Remote address; empty for a unix socket. */
  readonly address: string
  readonly method: string
  /** The request-target as received, secrets in its query redacted. */
  readonly target: string
  /** HTTP version as sent, for example `1.1`. */
  readonly version: string
  /** The request's `Host`, as received. */
  readonly host: string
  readonly status: number
  /** Bytes of content sent. */
  readonly bytes: number
  /** Milliseconds from the header section to the last byte. */
  readonly ms: number
  /** Whether the client left before the reply was complete. */
  readonly aborted: boolean
  readonly referer: string
  readonly userAgent: string
  readonly user: string
  /** Code of the refusal, or empty. */
  readonly refusal: string
  /** Remark of the stage that answered, or empty. */
  readonly remark: string
}

/** The events of a server and what they carry. */
export interface ServerEvents {
  listening: [listening: Listening]
  request: [exchange: Exchange]
  reply: [record: AccessRecord]
  warning: [warning: Warning]
  error: [error: ServeError]
  close: []
}

/** A server made by `createServer`. */
export interface Server8008 extends AsyncDisposable {
  /** The resolved configuration. */
  readonly config: ResolvedConfig
  /** The first URL once listening, else undefined. */
  readonly url: string | undefined
  /** The port once listening, else undefined. */
  readonly port: number | undefined
  /** Starts to listen. Rejects with `E8008_PORT_HELD`, `E8008_PORTS_HELD`, `E8008_PORT_DENIED`, `E8008_ADDRESS`, `E8008_ROOT_NOT_FOUND` and their kin. */
  listen(): Promise<Listening>
  /** Stops: no new connections, replies under way get `limits.closeMs`, then everything is cut. Idempotent. */
  close(): Promise<void>
  /** Adds a layer around the routes. Later layers are further in. */
  use(layer: Layer): Server8008
  on<Name extends keyof ServerEvents>(name: Name, listener: (...args: ServerEvents[Name]) => void): Server8008
  off<Name extends keyof ServerEvents>(name: Name, listener: (...args: ServerEvents[Name]) => void): Server8008
  /** `(req, res, next)` for Express, Connect, Polka and node:http; unknown paths go to `next` when it is given. */
  readonly handler: RequestListener
  /** The listener of the `upgrade` event that belongs beside `handler`. */
  readonly upgrade: (request: object, socket: Duplex, head: Uint8Array) => void
  /** Answers a Fetch API request without a port. */
  fetch(request: Request): Promise<Response>
}

/** A listener for node:http's `request` event that is a Connect middleware too. */
export type RequestListener = (request: object, response: object, next?: (error?: unknown) => void) => void

/** Maps a handler's reply, kept here so that programs can type their layers. */
export type { Exchange, Layer, Reply }
