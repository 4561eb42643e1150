import { resolve } from 'node:path'
import { quote } from '../config/diagnostic.ts'
import { isPlainObject } from '../config/plain-object.ts'
import { ServeError } from '../core/serve-error.ts'
import { checkField, type HeaderList } from '../http/message/headers.ts'
import type { Reply } from '../http/message/reply.ts'
import { isResponse, responseReply } from '../http/response-reply.ts'
import { singleFile } from '../static/static.ts'

/** Status and further fields of a reply. */
export interface ReplyInit {
  /** From 200 to 999. Default 200. */
  readonly status?: number | undefined
  /** Fields: a flat list, or an object; a list of values makes several fields. They replace those of the helper. */
  readonly headers?: HeaderList | Readonly<Record<string, string | readonly string[] | undefined>> | undefined
}

/** What {@link file} takes beside the path. */
export interface FileInit extends Pick<ReplyInit, 'headers'> {
  /**
   * A folder that the file must not leave. The path is then relative to it, and hidden and secret files and links that
   * lead out are answered like missing ones, as in a served folder. Use it for every path that comes from a client.
   */
  readonly within?: string | undefined
}

/** A reply with a value as JSON. */
export function json(value: unknown, init?: ReplyInit): Reply {
  const content = JSON.stringify(value) as string | undefined
  if (content === undefined) throw invalid(`json() takes a value that JSON can hold, and got ${quote(value)}.`)
  return withContent('json', content, 'application/json', init)
}

/** A reply with a page. Live reload adds its client, as to a file. */
export function html(page: string, init?: ReplyInit): Reply {
  return withContent('html', page, 'text/html; charset=utf-8', init)
}

/** A reply with plain text. */
export function text(content: string, init?: ReplyInit): Reply {
  return withContent('text', content, 'text/plain; charset=utf-8', init)
}

/** A redirect; the default, 307, keeps the method. @param location An absolute URL, or a path of this server. */
export function redirect(location: string | URL, status = 307): Reply {
  const url = String(location)
  const isLocation = (typeof location === 'string' && url !== '') || location instanceof URL
  // Browsers read a backslash as a slash, and a field cannot hold every character.
  if (!isLocation || /[^\x21-\x7e]|\\/.test(url)) {
    throw invalid(
      `redirect() takes a percent-encoded URL or path, and got ${quote(location)}.`,
      "write redirect(encodeURI('/new path'))",
    )
  }
  if (![301, 302, 303, 307, 308].includes(status)) {
    throw invalid(`redirect() takes the status 301, 302, 303, 307 or 308, and got ${quote(status)}.`)
  }
  return { status, headers: ['Location', url], body: null }
}

/** A reply without content. */
export function empty(status = 204): Reply {
  checkStatus('empty', status)
  return { status, headers: [], body: null }
}

/**
 * A reply with a file: with its type and validators, so that the server answers conditional and range requests.
 *
 * @param path A path of the file system, not percent-encoded; relative ones belong to the working directory, or to `within`.
 * @throws ServeError `E8008_NOT_FOUND` for what is no file, `E8008_FORBIDDEN` for one without permission to read it.
 */
export async function file(path: string, init: FileInit = {}): Promise<Reply> {
  const { within, headers } = checkedInit('file', init)
  const isPath = typeof path === 'string' && (within !== undefined || (path !== '' && !path.includes('\0')))
  if (!isPath) throw invalid(`file() takes the path of a file, and got ${quote(path)}.`)
  if (within !== undefined && (typeof within !== 'string' || within === '')) {
    throw invalid(`file() takes the path of a folder as within, and got ${quote(within)}.`)
  }
  const reply = await singleFile(path, within === undefined ? undefined : resolve(within))
  return { ...reply, headers: withFields('file', reply.headers, headers) }
}

/** The reply that a Response of the Fetch API stands for. Its content must be unread. */
export function fromResponse(response: Response): Reply {
  if (!isResponse(response)) throw invalid(`fromResponse() takes a Response, and got ${quote(response)}.`)
  return responseReply(response)
}

function withContent(name: string, content: string, type: string, init: ReplyInit = {}): Reply {
  if (typeof content !== 'string') {
    const isStatus = typeof content === 'number'
    throw invalid(
      `${name}() takes a string, and got ${quote(content)}.`,
      isStatus ? `write ${name}('…', { status: ${content as number} })` : undefined,
    )
  }
  const { status = 200, headers } = checkedInit(name, init)
  checkStatus(name, status)
  const own = ['Content-Type', type, 'X-Content-Type-Options', 'nosniff']
  return { status, headers: withFields(name, own, headers), body: Buffer.from(content) }
}

function checkedInit<Init>(name: string, init: Init): Init {
  if (isPlainObject(init)) return init
  const shape = name === 'file' ? '{ within, headers }' : '{ status, headers }'
  throw invalid(`${name}() takes ${shape} as second argument, and got ${quote(init)}.`)
}

function checkStatus(name: string, status: number): void {
  if (Number.isInteger(status) && status >= 200 && status <= 999) return
  throw invalid(`${name}() takes a whole number from 200 to 999 as status, and got ${quote(status)}.`)
}

/** The fields of the program replace the others of the same name. */
function withFields(name: string, own: HeaderList, given: ReplyInit['headers'] = []): HeaderList {
  if (!Array.isArray(given) && !isPlainObject(given)) {
    throw invalid(`${name}() takes an object or a flat list as headers, and got ${quote(given)}.`)
  }
  const fields = pairsOf(given)
  for (const [field, value] of fields) {
    if (typeof field !== 'string' || typeof value !== 'string') {
      throw invalid(`${name}() takes strings as headers, and got ${quote(value)} for ${quote(field)}.`)
    }
    checkField(field, value)
  }
  const names = new Set(fields.map(([field]) => field.toLowerCase()))
  const kept = own.filter((_, i) => !names.has((own[i - (i % 2)] as string).toLowerCase()))
  return [...kept, ...fields.flat()]
}

function pairsOf(given: NonNullable<ReplyInit['headers']>): (readonly [string, string])[] {
  if (!isList(given)) {
    return Object.entries(given).flatMap(([field, value]) =>
      value === undefined ? [] : [value].flat().map((each) => [field, each as string] as const),
    )
  }
  return given.flatMap((field, i) => (i % 2 === 0 ? [[field, given[i + 1] as string] as const] : []))
}

function isList(given: NonNullable<ReplyInit['headers']>): given is HeaderList {
  return Array.isArray(given)
}

function invalid(message: string, hint?: string): ServeError {
  return new ServeError('E8008_CONFIG_INVALID', message, { hint })
}
