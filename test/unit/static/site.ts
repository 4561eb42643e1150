import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readSync,
  realpathSync,
  rmSync,
  statSync,
  writeFileSync,
  type BigIntStats,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import type { TestContext } from 'node:test'
import { isServeError } from '../../../src/core/serve-error.ts'
import { FileSlice } from '../../../src/http/body/file.ts'
import { getField } from '../../../src/http/message/headers.ts'
import { OpenFiles } from '../../../src/http/body/open-files.ts'
import { syntheticExchange } from '../../../src/http/synthetic-exchange.ts'
import type { Reply } from '../../../src/http/message/reply.ts'
import type { ServedFolders } from '../../../src/static/mounts.ts'
import { createStatic, type StaticOptions, type StaticFolder } from '../../../src/static/static.ts'

/** Bytes of a file that is too large for the cache. */
export const largeBytes: number = 600 * 1024

/** A folder with the given files, which is removed after the test. */
export function folder(t: TestContext, files: Record<string, string | Uint8Array> = {}): string {
  const root = realpathSync(mkdtempSync(join(tmpdir(), 'serve8008-static-')))
  t.after(() => rmSync(root, { recursive: true, force: true }))
  write(root, files)
  return root
}

export function write(root: string, files: Record<string, string | Uint8Array>): void {
  for (const [name, content] of Object.entries(files)) {
    mkdirSync(dirname(join(root, name)), { recursive: true })
    writeFileSync(join(root, name), content)
  }
}

/** The folders of a site without any. */
export const noFolders: ServedFolders = { all: [], hasConditions: false, find: () => undefined }

export function site(root: string, options: Partial<StaticOptions> = {}): StaticFolder {
  return createStatic({
    root,
    prefix: '/',
    cleanUrls: true,
    trailingSlash: 'auto',
    dotfiles: false,
    serve: [],
    followSymlinks: false,
    listing: true,
    single: undefined,
    cacheControl: 'no-cache',
    sidecars: true,
    secretFiles: [],
    served: () => noFolders,
    cacheBytes: 1024 * 1024,
    openFiles: new OpenFiles(256),
    ...options,
  })
}

/** The reply of a site, or the error that it threw. */
export interface Answer {
  readonly status: number
  /** Code of the error; undefined for a reply. */
  readonly code: string | undefined
  readonly hint?: string | undefined
  readonly text: string
  readonly reply: Reply
  field(name: string): string | undefined
}

/** Sends a request to a site. Headers are `name: value` lines. An error is an answer too. */
export async function ask(
  from: StaticFolder,
  target: string,
  headers: readonly string[] = [],
  method = 'GET',
): Promise<Answer> {
  const x = syntheticExchange({ method, target, headers: headers.flatMap((line) => line.split(': ')) })
  try {
    const reply = await from.handle(x)
    const text = content(reply)
    return { status: reply.status, code: x.notes.refusal, text, reply, field: (name) => getField(reply.headers, name) }
  } catch (error) {
    if (!isServeError(error)) throw error
    const reply = { status: error.status, headers: error.headers, body: null }
    const { status, code, hint } = error
    return { status, code, hint, text: '', reply, field: (name) => getField(error.headers, name) }
  }
}

function content({ body }: Reply): string {
  if (body === null) return ''
  if (body instanceof Uint8Array) return Buffer.from(body).toString()
  if (!(body instanceof FileSlice)) throw new TypeError('a static site answers with bytes or a slice')
  const bytes = Buffer.alloc(body.length)
  const count = readSync(body.fd, bytes, 0, body.length, body.start)
  body.dispose()
  return bytes.toString('utf8', 0, count)
}

export function stat(path: string): BigIntStats {
  return statSync(path, { bigint: true })
}

/** Moves the clock of the code under test forward, so that the state of files that were just written is settled. */
export function later(t: TestContext, ms = 5000): void {
  const now = Date.now
  t.mock.method(Date, 'now', () => now() + ms)
}

/** Paths of open descriptors of this process below a folder. Linux only. */
export function openBelow(root: string): string[] {
  return readdirSync('/proc/self/fd').flatMap((fd) => {
    try {
      const path = realpathSync(join('/proc/self/fd', fd))
      return path.startsWith(root) ? [path] : []
    } catch {
      return []
    }
  })
}
