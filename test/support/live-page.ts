import { once } from 'node:events'
import { WebSocket } from 'ws'
import type { FromPage, Session, ToPage } from '../../src/live/protocol.ts'

/** Options of a {@link LivePage}. */
export interface LivePageOptions {
  readonly document?: string
  readonly resources?: readonly string[]
  /** Milliseconds since the page began to load. Default 0: it has missed no change. */
  readonly age?: number
  readonly syncedAt?: number
  /** The last time that it received before it was reloaded. */
  readonly loadedAfter?: number
  /** Path prefix of the server. Default `/`. */
  readonly base?: string
}

/** Fetches the session of a server. */
export async function fetchSession(port: number, base = '/'): Promise<Session> {
  const response = await fetch(`http://127.0.0.1:${port}${base}__serve8008/session`, {
    headers: { 'x-serve8008': 'live' },
  })
  return (await response.json()) as Session
}

/** The page's end of live reload, without a browser. */
export class LivePage {
  readonly socket: WebSocket
  readonly #received: ToPage[] = []
  readonly #waiting: ((message: ToPage) => void)[] = []

  private constructor(socket: WebSocket) {
    this.socket = socket
    socket.on('error', () => {})
    socket.on('message', (data) => {
      const message = JSON.parse((data as Buffer).toString()) as ToPage
      const waiting = this.#waiting.shift()
      if (waiting === undefined) this.#received.push(message)
      else waiting(message)
    })
  }

  /** Opens a page that has sent its hello. The answer of the server is the first message. */
  static async open(port: number, options: LivePageOptions = {}): Promise<LivePage> {
    const { document = '/', resources = [], age = 0, syncedAt, loadedAfter, base } = options
    const page = await LivePage.connect(port, base)
    page.say({ type: 'hello', document, resources, age, loadedAfter, ...(syncedAt === undefined ? {} : { syncedAt }) })
    return page
  }

  /** Opens the socket only. */
  static async connect(port: number, base = '/'): Promise<LivePage> {
    const { token, socket } = await fetchSession(port, base)
    const page = new LivePage(
      new WebSocket(`ws://127.0.0.1:${port}${socket}?token=${token}`, { origin: `http://127.0.0.1:${port}` }),
    )
    await once(page.socket, 'open')
    return page
  }

  say(message: FromPage): void {
    this.socket.send(JSON.stringify(message))
  }

  /** The next message of the server. */
  async next(): Promise<ToPage> {
    const message = this.#received.shift()
    return message ?? (await new Promise<ToPage>((resolve) => this.#waiting.push(resolve)))
  }

  /** The code with which the server closed the socket. */
  async closed(): Promise<number> {
    if (this.socket.readyState === WebSocket.CLOSED) return 1006
    const [code] = (await once(this.socket, 'close')) as [number]
    return code
  }

  [Symbol.dispose](): void {
    this.socket.terminate()
  }
}
