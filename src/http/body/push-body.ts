import { Readable } from 'node:stream'
import { FileSlice } from './file-slice.ts'
import { pushFile } from './file-pump.ts'
import type { Body, Sink } from '../message/reply.ts'

/** Pushes any body into a sink, as fast as that takes it, and frees what the body holds, however it ends. */
export async function pushBody(body: Exclude<Body, null>, sink: Sink, signal: AbortSignal): Promise<void> {
  if (body instanceof Uint8Array) return sink.write(body)
  if (body instanceof Readable) return pushStream(body, sink, signal)
  if (!(body instanceof FileSlice)) {
    await body.pull(sink, signal)
    return
  }
  try {
    await pushFile(body, 0, body.length, sink, signal)
  } finally {
    body.dispose()
  }
}

async function pushStream(stream: Readable, sink: Sink, signal: AbortSignal): Promise<void> {
  const stop = (): unknown => stream.destroy()
  if (signal.aborted) stop()
  signal.addEventListener('abort', stop, { once: true })
  try {
    for await (const chunk of stream) await sink.write(typeof chunk === 'string' ? Buffer.from(chunk) : chunk)
  } finally {
    signal.removeEventListener('abort', stop)
    stream.destroy()
  }
}
