import type { HeaderList } from '../http/message/headers.ts'

/** A request as an upstream would get it, but for the framing of its content. */
export interface ForwardedRequest {
  readonly upstream: string
  readonly requestLine: string
  readonly fields: HeaderList
}
