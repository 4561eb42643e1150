import type { UpstreamFault } from '../types.ts'

/** Why an upstream gave no usable answer. Inside `proxy/` only: clients get a ServeError made from it. */
export class UpstreamError extends Error {
  readonly fault: UpstreamFault
  /** Whether a part of the request may have reached the upstream. */
  readonly wrote: boolean

  constructor(fault: UpstreamFault, message: string, options: { readonly wrote: boolean; readonly cause?: unknown }) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause })
    this.name = 'UpstreamError'
    this.fault = fault
    this.wrote = options.wrote
  }
}
