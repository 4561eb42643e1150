import { closeSync, fstatSync, mkdtempSync, openSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { TestContext } from 'node:test'
import type { Exchange } from '../../../src/http/message/exchange.ts'
import { FileSlice } from '../../../src/http/body/file.ts'
import { OpenFiles } from '../../../src/http/body/open-files.ts'
import { syntheticExchange } from '../../../src/http/synthetic-exchange.ts'
import type { Body, Reply, Source } from '../../../src/http/message/reply.ts'

/** A request with the given fields. */
export function request(headers: readonly string[] = [], method = 'GET', target = '/'): Exchange {
  return syntheticExchange({ method, target, headers })
}

/** Opens a file with this content. Its folder is removed after the test. */
export function fileSlice(t: TestContext, content: Uint8Array | string): FileSlice {
  const folder = mkdtempSync(join(tmpdir(), 'serve8008-'))
  t.after(() => rmSync(folder, { recursive: true }))
  const path = join(folder, 'file')
  writeFileSync(path, content)
  return sliceOf(openSync(path, 'r'), Buffer.from(content).length)
}

/** Descriptors of slices, which a slice does not have after it was sent. */
const descriptors = new WeakMap<FileSlice, number>()

/**
 * Resolves when the file of a slice, or a descriptor, is closed. A read under way delays that, so each turn checks it again.
 * The test fails if it stays open.
 */
export async function closed(file: FileSlice | number): Promise<void> {
  const fd = typeof file === 'number' ? file : (descriptors.get(file) as number)
  for (let turn = 0; turn < 100_000; turn++) {
    try {
      fstatSync(fd)
    } catch {
      return
    }
    await new Promise(setImmediate)
  }
  closeSync(fd)
  throw new Error('The descriptor is still open.')
}

/** The bytes of a body from memory or of a source. */
export async function contentOf(body: Body, signal: AbortSignal = new AbortController().signal): Promise<Buffer> {
  if (body === null) return Buffer.alloc(0)
  if (body instanceof Uint8Array) return Buffer.from(body)
  const chunks: Uint8Array[] = []
  await (body as Source).pull({ write: (chunk) => void chunks.push(chunk) }, signal)
  return Buffer.concat(chunks)
}

/** A list of fields as an object with names in lower case. */
export function fieldsOf(reply: Reply): Record<string, string> {
  const fields: Record<string, string> = {}
  for (let i = 0; i < reply.headers.length; i += 2) {
    const name = (reply.headers[i] as string).toLowerCase()
    if (name in fields) throw new Error(`${name} is there twice`)
    fields[name] = reply.headers[i + 1] as string
  }
  return fields
}

/** A slice of the first bytes of an open file. The slice owns the descriptor. */
export function sliceOf(fd: number, length: number): FileSlice {
  const handle = new OpenFiles(32).take(fd, () => undefined)
  const slice = new FileSlice(handle, 0, length)
  descriptors.set(slice, fd)
  return slice
}
