import { discard, pumpFile } from '../http/body/reply-body.ts'
import type { FileSlice } from '../http/body/file.ts'
import { getField, withField } from '../http/message/headers.ts'
import type { ByteRange } from '../http/semantics/range.ts'
import type { Reply, Source } from '../http/message/reply.ts'
import { nodeCrypto } from '../core/util/builtin.ts'

interface Part extends ByteRange {
  /** The delimiter and the fields before the bytes. */
  readonly head: Buffer
}

/** A 206 with several ranges of a body as `multipart/byteranges` (RFC 9110 section 14.6). */
export function multipartReply(reply: Reply, body: Uint8Array | FileSlice, ranges: readonly ByteRange[]): Reply {
  // Random: the author of a file must not be able to put the delimiter into it.
  const boundary = nodeCrypto().randomBytes(18).toString('hex')
  const type = getField(reply.headers, 'content-type')
  const typeField = type === undefined ? '' : `Content-Type: ${type}\r\n`
  const parts = ranges.map((range, index): Part => {
    const { first, last } = range
    const delimiter = `${index === 0 ? '' : '\r\n'}--${boundary}\r\n`
    const head = Buffer.from(
      `${delimiter}${typeField}Content-Range: bytes ${first}-${last}/${body.length}\r\n\r\n`,
      'latin1',
    )
    return { first, last, head }
  })
  return {
    status: 206,
    headers: withField(reply.headers, 'Content-Type', `multipart/byteranges; boundary=${boundary}`),
    body: partsSource(body, parts, Buffer.from(`\r\n--${boundary}--\r\n`)),
    close: reply.close,
  }
}

function partsSource(body: Uint8Array | FileSlice, parts: readonly Part[], end: Buffer): Source {
  return {
    length: parts.reduce((sum, { head, first, last }) => sum + head.length + last - first + 1, end.length),
    async pull(sink, signal) {
      try {
        for (const { head, first, last } of parts) {
          await sink.write(head)
          if (body instanceof Uint8Array) await sink.write(body.subarray(first, last + 1))
          else await pumpFile(body, first, last - first + 1, sink, signal)
        }
        await sink.write(end)
      } finally {
        discard(body)
      }
    },
    cancel: () => discard(body),
  }
}
