import type { BrotliOptions, ZlibOptions } from 'node:zlib'
import { isSecretName } from '../../core/util/secret.ts'
import { nodeZlib } from '../../core/util/builtin.ts'
import { getField, type HeaderList } from '../../http/message/headers.ts'
import { isJson, isMarkup, isTextual } from '../../http/message/media-type.ts'
import { redactFieldList } from './fields.ts'
import { redactAddress, redactJson } from './json.ts'
import type { KnownSecrets } from './marks.ts'
import { redactMarkup } from './markup.ts'
import { redactAssignments, redactShapes } from './shapes.ts'

/** Content that may leave the server. */
export interface RedactedContent {
  /** Decoded; empty where it is withheld. */
  readonly content: Uint8Array
  /** Why the content is withheld; empty if it is not. */
  readonly withheld: string
}

/** Most bytes that content is decoded to. */
const decodedBytes = 8 * 2 ** 20
/** Most texts in texts, as JSON in a string of JSON. */
const deepest = 4

/** Types whose bytes are pictures, sound and letters: they have no values with names. */
const pictorial = /^(?:image|audio|video|font)\/(?!svg)|^application\/(?:font-|x-font-|vnd\.ms-fontobject)/

/** Content of a message, decoded and without secrets. What cannot be read, and so not be redacted, is withheld. */
export function redactContent(
  bytes: Uint8Array,
  fields: HeaderList,
  isWhole: boolean,
  known: KnownSecrets,
  depth = 0,
): RedactedContent {
  if (bytes.byteLength === 0) return { content: bytes, withheld: '' }
  const decoded = decode(bytes, getField(fields, 'content-encoding') ?? '', isWhole)
  if (typeof decoded === 'string') return { content: new Uint8Array(0), withheld: decoded }
  const type = getField(fields, 'content-type') ?? ''
  const essence = essenceOf(type)
  if (pictorial.test(essence)) return { content: decoded, withheld: '' }
  if (/charset="?utf-16|charset="?ucs-2/i.test(type) || (decoded[0] === 0xff && decoded[1] === 0xfe)) {
    return {
      content: Buffer.from(redactTyped(decoded.toString('utf16le'), type, known, depth), 'utf16le'),
      withheld: '',
    }
  }
  if (!isReadable(essence, decoded)) return { content: new Uint8Array(0), withheld: 'binary content' }
  // As Latin-1 every byte is a character, which it becomes again, whatever the charset.
  return { content: Buffer.from(redactTyped(decoded.toString('latin1'), type, known, depth), 'latin1'), withheld: '' }
}

/** A text without a type, such as a message of a WebSocket, without secrets. */
export function redactUntyped(text: string, known: KnownSecrets): string {
  return redactTyped(text, '', known, 0)
}

/** Undoes content codings (RFC 9110 section 8.4.1). @returns why it could not, as a text. */
function decode(bytes: Uint8Array, codings: string, isWhole: boolean): Buffer | string {
  let decoded = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const names = codings.split(',').map((name) => name.trim().toLowerCase())
  for (const name of names.reverse()) {
    if (name === '' || name === 'identity') continue
    const read = decoders()[name]
    if (read === undefined) return `content in the coding ${name}`
    try {
      decoded = read(decoded, isWhole)
    } catch (error) {
      const isLarge = (error as NodeJS.ErrnoException).code === 'ERR_BUFFER_TOO_LARGE'
      return isLarge ? `${name} content that expands to more than ${decodedBytes} bytes` : `content that is not ${name}`
    }
  }
  return decoded
}

type Decode = (bytes: Buffer, isWhole: boolean) => Buffer
let known: Readonly<Record<string, Decode | undefined>> | undefined

/** Of content that was cut off, what is there is decoded. */
function decoders(): Readonly<Record<string, Decode | undefined>> {
  if (known !== undefined) return known
  const zlib = nodeZlib()
  const { constants } = zlib
  // Node has zstd since 22.15; the types of older versions lack it.
  const { zstdDecompressSync } = zlib as { zstdDecompressSync?: (bytes: Buffer, options: ZlibOptions) => Buffer }
  const options = (isWhole: boolean, flush: number): ZlibOptions & BrotliOptions => ({
    maxOutputLength: decodedBytes,
    ...(isWhole ? {} : { finishFlush: flush }),
  })
  const gunzip: Decode = (bytes, isWhole) => zlib.gunzipSync(bytes, options(isWhole, constants.Z_SYNC_FLUSH))
  known = {
    gzip: gunzip,
    'x-gzip': gunzip,
    deflate(bytes, isWhole) {
      const isZlib = ((bytes[0] ?? 0) & 15) === 8 && (((bytes[0] ?? 0) << 8) | (bytes[1] ?? 0)) % 31 === 0
      return (isZlib ? zlib.inflateSync : zlib.inflateRawSync)(bytes, options(isWhole, constants.Z_SYNC_FLUSH))
    },
    br: (bytes, isWhole) => zlib.brotliDecompressSync(bytes, options(isWhole, constants.BROTLI_OPERATION_FLUSH)),
    zstd: zstdDecompressSync && ((bytes, isWhole) => zstdDecompressSync(bytes, options(isWhole, 1))),
  }
  return known
}

/** Whether content is text: by its type, and without one by its bytes. */
function isReadable(essence: string, bytes: Buffer): boolean {
  if (isTextual(essence) || /^multipart\/|^application\/(?:x-www-form-urlencoded|graphql)/.test(essence)) return true
  const isDeclared = essence !== '' && essence !== 'application/octet-stream'
  if (isDeclared) return false
  return !bytes.subarray(0, 4096).some((byte) => byte < 9 || (byte > 13 && byte < 32 && byte !== 27))
}

function redactTyped(text: string, type: string, known: KnownSecrets, depth: number): string {
  return depth > deepest ? known.mark(text) : known.replaceIn(redactNamed(text, type, known, depth))
}

function redactNamed(text: string, type: string, known: KnownSecrets, depth: number): string {
  const { mark } = known
  const essence = essenceOf(type)
  const inner = (value: string): string => redactTyped(value, '', known, depth + 1)
  if (essence === 'application/x-www-form-urlencoded')
    return redactShapes(redactAddress(`?${text}`, mark).slice(1), mark)
  if (essence.startsWith('multipart/')) return redactParts(text, type, known, depth)
  if (essence === 'text/event-stream') return redactEvents(text, inner)
  if (isJson(essence) || /^\s*[{[]/.test(text)) {
    return redactJson(text, mark, (value) => (isBland(value) ? value : inner(value)))
  }
  const bare = redactShapes(redactUrls(text, mark), mark)
  if (isMarkup(type)) return redactAssignments(redactMarkup(bare, mark), mark, false)
  const isSource = /javascript|ecmascript|css|graphql/.test(essence)
  return redactAssignments(bare, mark, !isSource)
}

/** A value that can hold no secret with a name or a known form. */
function isBland(value: string): boolean {
  return value.length < 6 || !/[?#;@=:&]|eyJ|[a-z]{2,}[_-]|A[KS]I|Bearer|Basic|-----|^\s*[{[]/i.test(value)
}

const url = /(?:\b[a-z][a-z0-9+.-]{1,15}:\/\/|(?<![/\w.-])[/\w.-]*\?)[^\s"'<>`\\]+/gi

function redactUrls(text: string, mark: KnownSecrets['mark']): string {
  return text.replace(url, (found) => redactAddress(found, mark))
}

/** Data of an event may span lines, which are one text (HTML, section 9.2.6). */
function redactEvents(text: string, redact: (data: string) => string): string {
  return text.replace(/(?:^data:[^\r\n]*(?:\r?\n|\r|$))+/gm, (lines) => {
    const [, end = ''] = /(\r?\n|\r|)$/.exec(lines) ?? []
    const data = lines
      .slice(0, lines.length - end.length)
      .split(/\r?\n|\r/)
      .map((line) => line.replace(/^data: ?/, ''))
    const lead = lines.startsWith('data: ') ? 'data: ' : 'data:'
    return (
      redact(data.join('\n'))
        .split('\n')
        .map((line) => lead + line)
        .join(end || '\n') + end
    )
  })
}

/** Parts of a form (RFC 7578). */
function redactParts(text: string, type: string, known: KnownSecrets, depth: number): string {
  const [, quoted, bare] = /boundary=(?:"([^"]+)"|([^\s;]+))/i.exec(type) ?? []
  const boundary = quoted ?? bare
  if (boundary === undefined) return known.mark(text)
  return text
    .split(`--${boundary}`)
    .map((part) => redactPart(part, known, depth))
    .join(`--${boundary}`)
}

function redactPart(part: string, known: KnownSecrets, depth: number): string {
  const gap = /(\r?\n)\r?\n/.exec(part)
  if (gap === null) return part
  const [empty, newline = ''] = gap
  const start = gap.index + empty.length
  const tail = part.endsWith(newline) ? newline : ''
  const content = part.slice(start, part.length - tail.length)
  const fields = part
    .slice(0, gap.index)
    .split(newline)
    .flatMap((line) => {
      const [, name = '', value = ''] = /^([^:]+):[ \t]*(.*)$/.exec(line) ?? []
      return name === '' ? [] : [name, value]
    })
  const [, quoted, bare] =
    /\bname\*?=(?:"([^"]*)"|([^\s;"]+))/i.exec(getField(fields, 'content-disposition') ?? '') ?? []
  if (isSecretName(quoted ?? bare ?? ''))
    return part.slice(0, start) + (content === '' ? '' : known.mark(content)) + tail
  const shown = redactFieldList(fields, known)
  const head = shown.flatMap((value, i) => (i % 2 === 0 ? [] : [`${newline}${shown[i - 1] ?? ''}: ${value}`])).join('')
  const type = getField(fields, 'content-type') ?? ''
  const { content: clean, withheld } = redactContent(
    Buffer.from(content, 'latin1'),
    ['content-type', type],
    false,
    known,
    depth + 1,
  )
  const body = withheld === '' ? Buffer.from(clean).toString('latin1') : `[${withheld} of ${content.length} bytes]`
  return `${head}${empty}${body}${tail}`
}

function essenceOf(type: string): string {
  return type.replace(/;.*$/s, '').trim().toLowerCase()
}
