/** An exchange as the server sends it; `src/inspect/exchange-json.ts` says what the keys mean. */
export interface ShownExchange {
  readonly id: number
  readonly time: string
  readonly address: string
  readonly port: number
  readonly tls: boolean
  readonly method: string
  readonly target: string
  readonly version: string
  readonly host: string
  readonly status: number | null
  readonly bytes: number
  readonly ms: number | null
  readonly firstByteMs: number | null
  readonly aborted: boolean
  readonly type: string
  readonly user: string
  readonly refusal: string
  readonly remark: string
  readonly route: string
  readonly upstream: string
  readonly reason: string
  readonly site: string
  /** The attempts to get an answer of an upstream. */
  readonly forwarded: readonly Attempt[]
  readonly requestBytes: number
  readonly requestHeaders: FieldPairs
  readonly headers: FieldPairs
  readonly requestTrailers: FieldPairs
  readonly trailers: FieldPairs
  readonly requestContent?: Content
  readonly content?: Content | null
}

/** A request as an upstream got it, and its answer before we changed it. */
export interface Attempt {
  readonly upstream: string
  readonly method: string
  readonly target: string
  readonly headers: FieldPairs
  readonly isReused?: boolean
  readonly startMs: number
  readonly connectedMs?: number
  readonly answeredMs?: number
  readonly status?: number
  readonly replyHeaders: FieldPairs
}

export type FieldPairs = readonly (readonly [name: string, value: string])[]

/** Content of a message, or why it is not shown. */
export interface Content {
  readonly text?: string
  readonly base64?: string
  readonly withheld?: string
}

/** What else the server sends among exchanges. */
export type StreamLine = ShownExchange | { readonly recording: true } | { readonly missed: number }

/** The server, its routes and addresses. */
export interface ServerState {
  readonly urls: { readonly local: readonly string[]; readonly network: readonly string[] }
  readonly sites: readonly SiteState[]
}

export interface SiteState {
  readonly name: string
  readonly hosts: readonly string[]
  readonly root?: string
  readonly routes: readonly { readonly id: string; readonly kind: string; readonly text: string }[]
}

/** The path without its query. */
export function pathOf(target: string): string {
  return target.replace(/[?#].*$/s, '')
}

/** The media type without parameters, in few words. */
export function shortType(type: string): string {
  const essence = type.replace(/;.*$/s, '').trim().toLowerCase()
  return essence.replace(/^(?:application|text|image|font|audio|video)\/(?:x-|vnd\.)?/, '').slice(0, 18)
}
