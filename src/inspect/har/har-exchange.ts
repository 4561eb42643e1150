import type { RecordedExchange, RecordedMessage } from '../types.ts'

/** A message of an exchange in a HAR file. */
export interface HarMessage extends RecordedMessage {
  /** Why its content is not in the file; empty or absent if it is. */
  readonly withheld?: string
  /** Bytes of its header section with the empty line; undefined where that is not known. */
  readonly headBytes?: number | undefined
}

/** Milliseconds of each phase towards the server; undefined for one that did not take place or was not measured. */
export interface HarPhases {
  readonly blocked?: number | undefined
  readonly dns?: number | undefined
  /** With TLS, as HAR counts it. */
  readonly connect?: number | undefined
  readonly tls?: number | undefined
  readonly send?: number | undefined
  readonly wait?: number | undefined
  readonly receive?: number | undefined
}

/** A message of a WebSocket. */
export interface HarSocketMessage {
  /** Whether the client sent it. */
  readonly isSent: boolean
  /** Milliseconds since 1970. */
  readonly time: number
  /** 1 for text, 2 for bytes (RFC 6455 section 5.2). */
  readonly opcode: number
  readonly data: Uint8Array
}

/** An exchange as HAR has it: what was recorded, and what only some programs know. */
export interface HarExchange extends Omit<RecordedExchange, 'request' | 'reply'> {
  readonly request: HarMessage
  readonly reply: (HarMessage & { readonly status: number; readonly reason?: string }) | undefined
  readonly phases?: HarPhases | undefined
  readonly messages?: readonly HarSocketMessage[] | undefined
}
