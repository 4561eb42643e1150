import assert from 'node:assert/strict'
import { once } from 'node:events'
import { Agent, fetch, type RequestInit, type Response } from 'undici'
import { WebSocket } from 'ws'
import type { ServeOptions } from '../../src/index.ts'
import { startSecure } from '../support/secure.ts'

/** What a browser does with one origin: it keeps cookies, sends Origin and Referer with forms, and opens WebSockets. */
export class Visitor {
  readonly origin: string
  readonly #ca: string
  readonly #agent: Agent
  readonly #cookies = new Map<string, string>()

  constructor(origin: string, ca: string) {
    this.origin = origin
    this.#ca = ca
    this.#agent = new Agent({ connect: { ca } })
  }

  async fetch(path: string, { headers, ...init }: RequestInit = {}): Promise<Response> {
    const sent = { cookie: this.cookies, ...(headers as Record<string, string>) }
    const url = new URL(path, this.origin)
    const reply = await fetch(url, { redirect: 'manual', dispatcher: this.#agent, headers: sent, ...init })
    for (const cookie of reply.headers.getSetCookie()) {
      const [pair = '', ...attributes] = cookie.split(/; */)
      assert.ok(!attributes.some((each) => /^domain=/i.test(each)), `a cookie of this host alone: ${cookie}`)
      const border = pair.indexOf('=')
      this.#cookies.set(pair.slice(0, border), pair.slice(border + 1))
    }
    return reply
  }

  async text(path: string, init?: RequestInit): Promise<string> {
    return (await this.fetch(path, init)).text()
  }

  /** Sends a form, as its page would. */
  post(path: string, form: Readonly<Record<string, string>>): Promise<Response> {
    const headers = { origin: this.origin, referer: `${this.origin}/` }
    return this.fetch(path, { method: 'POST', headers, body: new URLSearchParams(form) })
  }

  /** The path of a redirect, which must stay with this origin. */
  redirectOf(reply: Response): string {
    assert.ok(reply.status >= 301 && reply.status <= 308, String(reply.status))
    const url = new URL(reply.headers.get('location') ?? '', reply.url)
    assert.equal(url.origin, this.origin)
    return url.pathname + url.search
  }

  /** Reads a stream that sends `first`, waits until it is released, and sends `last`. */
  async readStream(
    path: string,
    [first, last]: readonly [string, string],
    release: () => Promise<unknown>,
  ): Promise<void> {
    const { body } = await this.fetch(path)
    assert.ok(body !== null)
    let text = ''
    for await (const chunk of body) {
      text += Buffer.from(chunk as Uint8Array).toString()
      if (text === first) await release()
    }
    assert.equal(text, first + last)
  }

  /** Opens a WebSocket of a page, which must be accepted. */
  async open(path: string, protocols: readonly string[] = []): Promise<Messages> {
    const socket = this.#connect(path, protocols)
    const messages = new Messages(socket)
    await once(socket, 'open')
    return messages
  }

  /** The status with which a WebSocket of a page is refused. */
  async refusal(path: string, protocols: readonly string[] = []): Promise<number | undefined> {
    const socket = this.#connect(path, protocols)
    const [request, { statusCode }] = (await once(socket, 'unexpected-response')) as [
      { destroy(): void },
      { statusCode?: number },
    ]
    request.destroy()
    return statusCode
  }

  get cookies(): string {
    return [...this.#cookies].map((pair) => pair.join('=')).join('; ')
  }

  /** The value of a cookie, or undefined. */
  cookie(name: string): string | undefined {
    return this.#cookies.get(name)
  }

  close(): Promise<void> {
    return this.#agent.destroy()
  }

  #connect(path: string, protocols: readonly string[]): WebSocket {
    const url = new URL(path, this.origin.replace(/^http/, 'ws'))
    return new WebSocket(url, [...protocols], { ca: this.#ca, origin: this.origin, headers: { cookie: this.cookies } })
  }
}

/** What a WebSocket receives. */
export class Messages implements Disposable {
  readonly socket: WebSocket
  readonly #received: string[] = []

  constructor(socket: WebSocket) {
    this.socket = socket
    socket.on('message', (data) => void this.#received.push((data as Buffer).toString()))
    socket.on('error', () => {})
  }

  /** The next message with this text in it; those before it are dropped. */
  async next(text: string): Promise<string> {
    for (;;) {
      const message = this.#received.shift()
      if (message?.includes(text) === true) return message
      if (message === undefined) await once(this.socket, 'message')
    }
  }

  [Symbol.dispose](): void {
    this.socket.terminate()
  }
}

/** Visits a program behind a preset, over HTTP and then over HTTPS. */
export async function visit(
  preset: string,
  port: number,
  look: (visitor: Visitor) => Promise<void>,
  options: ServeOptions = {},
): Promise<void> {
  const upstream = `http://127.0.0.1:${port}`
  await using front = await startSecure({ 'index.html': 'the folder' }, { preset, upstream, ...options })
  for (const origin of [`http://localhost:${front.port}`, `https://localhost:${front.tlsPort}`]) {
    const visitor = new Visitor(origin, front.ca)
    try {
      await look(visitor)
    } finally {
      await visitor.close()
    }
  }
}
