import type { ResolvedMatch, ResolvedProxy } from '../config/route-types.ts'
import { ServeError } from '../errors/serve-error.ts'
import type { Fix } from '../errors/serve-error.ts'
import type { Handler } from '../http/exchange.ts'

/** Something that a person should know of the proxy. */
interface ProxyWarning {
  readonly code: string
  readonly message: string
  readonly hint?: string
  readonly fix?: Fix
}

/** What forwards. */
export interface Proxy {
  /** The handler of one route. */
  handler(route: { readonly name: string; readonly match: ResolvedMatch; readonly proxy: ResolvedProxy }): Handler
  /** Ends idle connections to upstreams now and the others with their exchanges. */
  close(): Promise<void>
}

/** What {@link createProxy} needs. */
export interface ProxyContext {
  /** Addresses and networks whose forwarding fields are believed. */
  readonly trust: readonly string[]
  /** Slash at both ends. */
  readonly base: string
  readonly onWarning: (warning: ProxyWarning) => void
}

/** Makes what forwards. */
export function createProxy(_context: ProxyContext): Proxy {
  return {
    handler: () => () => {
      throw new ServeError('E8008_NOT_IMPLEMENTED', 'Nothing is forwarded yet.')
    },
    close: () => Promise.resolve(),
  }
}
