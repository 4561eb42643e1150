import { Readable } from 'node:stream'
import { FileSlice } from './file-slice.ts'
import type { Body } from '../message/reply.ts'

/**
 * Frees what a body holds when it is not sent: a descriptor, a stream, a pending source. Never throws:
 * the body may come from a program's layer, and what it is freed for is already being dealt with.
 */
export function discard(body: Body): void {
  if (body instanceof FileSlice) return body.dispose()
  // A stream may still report that it could not be opened; nobody is left to hear it.
  if (body instanceof Readable) return void body.on('error', () => {}).destroy()
  if (body === null || body instanceof Uint8Array) return
  try {
    body.cancel()
  } catch {
    // Whatever a source holds is its own affair now.
  }
}
