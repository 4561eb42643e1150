import { Readable } from 'node:stream'
import { FileSlice } from './file-slice.ts'
import type { Body } from './reply.ts'

/** Frees what a body holds when it is not sent: a descriptor, a stream, a pending source. */
export function discard(body: Body): void {
  if (body === null || body instanceof Uint8Array) return
  if (body instanceof FileSlice) body.dispose()
  else if (body instanceof Readable) body.destroy()
  else body.cancel()
}
