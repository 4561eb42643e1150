import type { StreamLine } from './exchange.ts'

/** What happens on the stream of exchanges. */
export interface FollowEvents {
  readonly lines: (lines: readonly StreamLine[]) => void
  /** In a few words, for people. */
  readonly state: (state: 'connected' | 'lost' | 'ended', text: string) => void
}

/** Bytes of each content that are asked for. */
const contentBytes = 65_536
const longestWaitMs = 5000

/**
 * What shows the server that its page asks, besides the cookie: it comes once, in the fragment of the address, and is kept
 * for this origin alone, port included.
 */
const key = takeKey()

function takeKey(): string {
  const given = location.hash.slice(1)
  if (given === '') return localStorage.getItem('key') ?? ''
  localStorage.setItem('key', given)
  history.replaceState(null, '', location.pathname)
  return given
}

/** Asks one of the endpoints. */
export function askServer(name: string, method = 'GET'): Promise<Response> {
  return fetch(name, { method, headers: { 'X-Serve8008': key }, cache: 'no-store' })
}

/** Follows exchanges for as long as the page is open. It connects again when the server comes back. */
export async function follow(events: FollowEvents): Promise<void> {
  for (let waitMs = 250; ; waitMs = Math.min(2 * waitMs, longestWaitMs)) {
    try {
      const response = await askServer(`exchanges?content=${contentBytes}`)
      if (response.status === 403) return events.state('ended', 'This link has ended: run serve8008 dashboard')
      if (!response.ok || response.body === null) throw new Error(`status ${response.status}`)
      waitMs = 250
      await readLines(response.body, events)
    } catch {
      // The server has stopped, or starts again.
    }
    events.state('lost', 'Waiting for the server')
    await new Promise((resolve) => setTimeout(resolve, waitMs))
  }
}

async function readLines(body: ReadableStream<Uint8Array>, { lines, state }: FollowEvents): Promise<void> {
  const reader = body.getReader()
  const decoder = new TextDecoder()
  let rest = ''
  for (;;) {
    const { value, done } = await reader.read()
    if (done) return
    const parts = (rest + decoder.decode(value, { stream: true })).split('\n')
    rest = parts.pop() ?? ''
    const read = parts.filter((part) => part !== '').map((part) => JSON.parse(part) as StreamLine)
    if (read.some((line) => 'recording' in line)) state('connected', 'Live')
    if (read.length > 0) lines(read)
  }
}
