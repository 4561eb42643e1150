import { isUtf8 } from 'node:buffer'
import { isHtml, isJson, isSource, isTextual, octetStream, typeByName } from '../../http/message/media-type.ts'
import { charsetOf, declaredCharset, markedCharset } from './declared-charset.ts'
import { isText, latin1, startsWith } from './first-bytes.ts'

/**
 * The type of `.key`. Documents of Keynote are ZIP archives; keys of HLS playlists (RFC 8216 section 4.3.2.4) and PEM
 * keys have the same extension.
 */
const keynote = 'application/vnd.apple.keynote'

/**
 * The value of `Content-Type` for a file, by its name and its bytes.
 *
 * - A name without a known type, and the name of a source whose extension has another type too, is text if the bytes
 *   are (WHATWG MIME Sniffing section 7.2), else `application/octet-stream`. It is never markup: a guess of `text/html`
 *   would make scripts of an uploaded text run.
 * - `.ts` and `.mts` are TypeScript if they are text, else MPEG transport streams, which may be encrypted.
 * - `charset` is that of the byte order mark, else the one that the document declares, else UTF-8 if the bytes are
 *   valid UTF-8, else absent: then the browser guesses. JSON has no such parameter (RFC 8259 section 11).
 *
 * @param content The whole file, or its beginning.
 * @param isWhole Whether it is the whole file. Of a large file only the beginning is read, since reading all of it
 *   would block other requests.
 */
export function contentType(fileName: string, content: Uint8Array, isWhole: boolean): string {
  const type = essence(fileName, content)
  if (!isTextual(type) || isJson(type)) return type
  const charset = shownCharset(type, content, isWhole)
  return charset === undefined ? type : `${type}; charset=${charset}`
}

function essence(fileName: string, content: Uint8Array): string {
  const named = typeByName(fileName)
  // `.svgz` for a client that does not take its coding.
  if (named === 'image/svg+xml' && startsWith(content, '\x1f\x8b')) return 'application/gzip'
  const isOther = named === keynote && !startsWith(content, 'PK')
  if (named !== undefined && !isSource(fileName) && !isOther) return named
  if (isText(content)) return 'text/plain'
  return /\.m?ts$/i.test(fileName) ? 'video/mp2t' : octetStream
}

function shownCharset(type: string, content: Uint8Array, isWhole: boolean): string | undefined {
  const marked = markedCharset(content)
  if (marked !== undefined) return marked
  const label = declaredCharset(type, content)
  const declared = label === undefined ? undefined : charsetOf(label)
  // A declaration of UTF-16 that is readable as ASCII is wrong (HTML standard section 13.2.3.2).
  if (label !== undefined && declared?.startsWith('utf-') !== true) return declared
  if (isWhole ? !isUtf8(content) : !isUtf8Start(content)) return undefined
  // If a browser guessed ISO-2022-JP, it would misread backslashes, and scripts would lose their escapes.
  if (isHtml(type)) return 'utf-8'
  // Text in ISO-2022-JP is valid UTF-8 too: ASCII with escape sequences.
  return content.includes(0x1b) && /\x1b(?:\$[@B]|\([BJ])/.test(latin1(content)) ? undefined : 'utf-8'
}

/** Whether bytes are the beginning of UTF-8. The last character may be incomplete. */
function isUtf8Start(content: Uint8Array): boolean {
  return [0, 1, 2, 3].some((cut) => isUtf8(content.subarray(0, Math.max(0, content.length - cut))))
}
