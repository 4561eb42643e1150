/** A message of HTTP/1.1, as far as it was received. */
export interface Message {
  /** Request line or status line. */
  readonly line: string
  readonly fields: readonly (readonly [name: string, value: string])[]
  /** Status lines, with the fields, of interim replies before it. */
  readonly interim: readonly string[]
  readonly framing: 'none' | 'length' | 'chunked' | 'close' | 'tunnel'
  /** Content without its framing; of a tunnel every byte behind the header section. */
  readonly content: string
  readonly trailers: readonly (readonly [name: string, value: string])[]
  readonly isComplete: boolean
  /** Bytes of it, unless it continues until the connection ends. */
  readonly length: number
}

/** What a reader knows beside the bytes. */
interface ReadContext {
  /** Method of the request that a reply answers; undefined reads a request. */
  readonly method?: string | undefined
  /** Whether no more bytes follow. */
  readonly ended: boolean
}

/** Reads the first message; undefined before its header section is complete. Independent of Node's parser and ours. */
export function readMessage(text: string, context: ReadContext): Message | undefined {
  const headEnd = text.indexOf('\r\n\r\n')
  if (headEnd === -1) return undefined
  const [line = '', ...lines] = text.slice(0, headEnd).split('\r\n')
  const fields = lines.map(splitField)
  const start = headEnd + 4
  const status = context.method === undefined ? 0 : Number(line.split(' ')[1])
  if (status >= 100 && status < 200 && status !== 101) {
    const final = readMessage(text.slice(start), context)
    const interim = [[line.slice(9), ...lines].join(' '), ...(final?.interim ?? [])]
    return final && { ...final, interim, length: start + final.length }
  }
  const content = readContent(text.slice(start), framingOf(fields, status, context.method), fields, context.ended)
  return { line, fields, interim: [], ...content, length: start + content.length }
}

/** The values of a field, in order. */
export function valuesOf({ fields }: Pick<Message, 'fields'>, name: string): string[] {
  return fields.flatMap(([key, value]) => (key.toLowerCase() === name ? [value] : []))
}

function splitField(line: string): readonly [string, string] {
  const colon = line.indexOf(':')
  return [line.slice(0, colon), line.slice(colon + 1).trim()]
}

function framingOf(fields: Message['fields'], status: number, method: string | undefined): Message['framing'] {
  const has = (name: string): boolean => valuesOf({ fields }, name).length > 0
  if (status === 101) return 'tunnel'
  if (method === 'HEAD' || status === 204 || status === 304) return 'none'
  if (has('transfer-encoding')) return 'chunked'
  if (has('content-length')) return 'length'
  if (method !== undefined) return 'close'
  return has('upgrade') ? 'tunnel' : 'none'
}

type Content = Pick<Message, 'framing' | 'content' | 'trailers' | 'isComplete' | 'length'>

function readContent(rest: string, framing: Message['framing'], fields: Message['fields'], ended: boolean): Content {
  const trailers: Message['trailers'] = []
  switch (framing) {
    case 'none':
      return { framing, content: '', trailers, isComplete: true, length: 0 }
    case 'length': {
      const length = Number(valuesOf({ fields }, 'content-length')[0])
      return { framing, content: rest.slice(0, length), trailers, isComplete: rest.length >= length, length }
    }
    case 'chunked':
      return readChunks(rest)
    case 'close':
      return { framing, content: rest, trailers, isComplete: ended, length: rest.length }
    case 'tunnel':
      return { framing, content: rest, trailers, isComplete: true, length: rest.length }
  }
}

function readChunks(rest: string): Content {
  let content = ''
  let at = 0
  const cut = (): Content => ({ framing: 'chunked', content, trailers: [], isComplete: false, length: rest.length })
  for (;;) {
    const lineEnd = rest.indexOf('\r\n', at)
    if (lineEnd === -1) return cut()
    const size = Number.parseInt(rest.slice(at, lineEnd), 16)
    if (size === 0) {
      const end = rest.indexOf('\r\n\r\n', lineEnd)
      if (end === -1) return cut()
      const lines = rest.slice(lineEnd + 2, Math.max(lineEnd + 2, end)).split('\r\n')
      const trailers = lines.filter((line) => line !== '').map(splitField)
      return { framing: 'chunked', content, trailers, isComplete: true, length: end + 4 }
    }
    content += rest.slice(lineEnd + 2, lineEnd + 2 + size)
    at = lineEnd + 2 + size + 2
    if (rest.length < at) return cut()
  }
}
