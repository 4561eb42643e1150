import { startBackend, type Backend } from '../../../support/backend.ts'

/** What a program answered to each request, for example `GET /`. */
export interface Recording {
  /** How the recording came to be: `recorded from …` or `written by hand, not recorded`. */
  readonly source: string
  readonly product: string | undefined
  readonly version: string | undefined
  readonly replies: ReadonlyMap<string, string>
}

/**
 * Parses a recording: three lines with its source and what it must be recognised as, then each request behind `> ` with the
 * reply below. The fields that frame or compress the content are left out, and long content is cut.
 */
export function parseRecording(text: string): Recording {
  const [facts = '', ...blocks] = text.split(/^> /m)
  const fact = (name: string): string | undefined => new RegExp(`^# ${name}: (.+)$`, 'm').exec(facts)?.[1]
  const replies = blocks.map((block): [string, string] => {
    const end = block.indexOf('\n')
    return [block.slice(0, end), block.slice(end + 1)]
  })
  return {
    source: /^# (.*)$/m.exec(facts)?.[1] ?? '',
    product: fact('product'),
    version: fact('version'),
    replies: new Map(replies),
  }
}

/** Starts a server that answers as the recording does, and every other request like one for a missing page. */
export function replay({ replies }: Recording): Promise<Backend> {
  const missing = replies.get('GET /no-such-page-8008') ?? 'HTTP/1.1 404 Not Found\n\n'
  return startBackend(async (connection) => {
    const request = await connection.head()
    const reply = replies.get(request.split(' HTTP/')[0] as string) ?? missing
    const end = reply.indexOf('\n\n')
    const head = reply.slice(0, end).replaceAll('\n', '\r\n')
    connection.socket.end(`${head}\r\n\r\n${reply.slice(end + 2).replace(/\n+$/, '')}`)
  })
}
