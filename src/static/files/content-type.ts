import { isUtf8 } from 'node:buffer'
import { isJson, isSource, isTextual, octetStream, typeByName } from '../../http/message/media-type.ts'
import { charsetOf, declaredCharset, markedCharset } from './declared-charset.ts'
import { isText, latin1, startsWith } from './first-bytes.ts'

/** Documents are ZIP archives; keys of HLS playlists (RFC 8216 section 4.3.2.4) and of PEM have their extension. */
const keynote = 'application/vnd.apple.keynote'

/**
 * The value of `Content-Type` for a file, by its name and its bytes.
 *
 * - A name that no type is known of, and one of a source that has a type of another kind too, is text where its bytes
 *   are (WHATWG MIME Sniffing section 7.2), else `application/octet-stream`; never markup: a guess of `text/html`
 *   would turn an uploaded text into a script.
 * - `.ts` and `.mts` are TypeScript where they are text, else MPEG transport streams, which may be encrypted.
 * - `charset` says what the bytes show, and nothing where they show nothing, so that the browser finds out: a byte order
 *   mark, what the document declares, else UTF-8 where they are UTF-8. JSON has no such parameter (RFC 8259 section 11).
 *
 * @param content The whole file, or its beginning.
 * @param isWhole Whether it is the whole. The beginning of a large file stands for the rest of it: reading all of it
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
  // A declaration that could be read as bytes cannot be right about UTF-16 (HTML standard section 13.2.3.2).
  if (label !== undefined && declared?.startsWith('utf-') !== true) return declared
  if (isWhole ? !isUtf8(content) : !isUtf8Start(content)) return undefined
  // A page that a browser took for ISO-2022-JP would lose its backslashes, and with them the escapes of its scripts.
  if (type === 'text/html') return 'utf-8'
  // ISO-2022-JP is ASCII with escapes.
  return content.includes(0x1b) && /\x1b(?:\$[@B]|\([BJ])/.test(latin1(content)) ? undefined : 'utf-8'
}

/** Whether bytes are the beginning of UTF-8; the last character may be cut. */
function isUtf8Start(content: Uint8Array): boolean {
  return [0, 1, 2, 3].some((cut) => isUtf8(content.subarray(0, Math.max(0, content.length - cut))))
}
