import { EventEmitter, once } from 'node:events'
import { readFileSync } from 'node:fs'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo, Socket } from 'node:net'
import { WebSocketServer, type WebSocket } from 'ws'
import type { Change, FromPage, Session, ToPage } from '../../../src/live/protocol.ts'
import { patienceMs } from './chromium.ts'

const client = new URL('../../../dist/client/live.js', import.meta.url)
const control = '/__serve8008/'

export interface StubFile {
  readonly type: string
  readonly body: string | Buffer
  readonly headers?: Record<string, string>
}

/** A small server with the protocol of live reload. The test decides each of its replies and messages. */
export class Stub {
  readonly files: Map<string, StubFile> = new Map()
  /** Targets of all requests, and messages of pages. */
  readonly asked: string[] = []
  readonly said: FromPage[] = []
  /** Times of the requests for a session. */
  readonly sessions: number[] = []
  settings: Omit<Session, 'token' | 'socket' | 'time'> = {
    site: 'one',
    reload: 'page',
    toast: false,
    console: false,
    cached: false,
  }
  /** Status that refuses the session. */
  refusal: number | undefined
  /** Whether handshakes of sockets get no answer. */
  isSilent = false
  /** Milliseconds before a file is sent. */
  delayMs = 0
  token = 'first'
  /** The tag of the client script. */
  tag: string = `<script src="${control}live.js?v=1" async=""></script>`
  /** Makes the answer to a hello; null for no answer. */
  answer: (hello: FromPage) => ToPage | null = () => ({ type: 'welcome', time: Date.now() })
  readonly sockets: Set<WebSocket> = new Set()
  readonly #events = new EventEmitter()
  #server: Server | undefined
  #port = 0

  get origin(): string {
    return `http://127.0.0.1:${this.#port}`
  }

  put(path: string, body: string | Buffer, type: string = typeOf(path), headers: Record<string, string> = {}): void {
    this.files.set(path, { type, body, headers })
  }

  /** Starts, on the same port as before. */
  async start(): Promise<void> {
    const server = createServer((request, response) => this.#serve(request, response))
    const sockets = new WebSocketServer({ noServer: true })
    server.on('upgrade', (request: IncomingMessage, connection: Socket, head: Buffer) => {
      this.asked.push(request.url ?? '')
      this.#events.emit('move')
      if (this.isSilent) return
      if (request.url !== `${control}socket?token=${this.token}`)
        return void connection.end('HTTP/1.1 403 Forbidden\r\n\r\n')
      sockets.handleUpgrade(request, connection, head, (socket) => this.#join(socket))
    })
    server.listen(this.#port, '127.0.0.1')
    await once(server, 'listening')
    this.#port = (server.address() as AddressInfo).port
    this.#server = server
  }

  async stop(): Promise<void> {
    const server = this.#server
    if (server === undefined) return
    this.#server = undefined
    for (const socket of this.sockets) socket.terminate()
    server.closeAllConnections()
    server.close()
    await once(server, 'close')
  }

  /** Sends a message to every page. */
  send(message: ToPage): void {
    for (const socket of this.sockets) socket.send(JSON.stringify(message))
  }

  change(...changes: Change[]): void {
    this.send({ type: 'change', time: Date.now(), changes })
  }

  /** Waits until a condition holds. It is checked after each event of the server. */
  async until(what: string, holds: () => boolean): Promise<void> {
    const signal = AbortSignal.timeout(patienceMs)
    try {
      while (!holds()) await once(this.#events, 'move', { signal })
    } catch {
      throw new Error(`${what}: it did not come. Said: ${JSON.stringify(this.said)} Asked: ${this.asked.join(' ')}`)
    }
  }

  hellos(): (FromPage & { type: 'hello' })[] {
    return this.said.filter((message) => message.type === 'hello')
  }

  /** Waits until a number of pages have connected in total. */
  connected(count = 1): Promise<void> {
    return this.until(`hello ${count}`, () => this.hellos().length >= count)
  }

  /** Waits until a page has reported a path. */
  uses(path: string): Promise<void> {
    return this.until(`use of ${path}`, () =>
      this.said.some((message) => message.type !== 'console' && message.resources.includes(path)),
    )
  }

  loads(path: string): number {
    return this.asked.filter((target) => target.split('?')[0] === path).length
  }

  /** Resets all state, and removes the files. */
  reset(): void {
    for (const socket of this.sockets) socket.terminate()
    this.files.clear()
    this.asked.length = 0
    this.said.length = 0
    this.sessions.length = 0
    this.settings = { site: 'one', reload: 'page', toast: false, console: false, cached: false }
    this.refusal = undefined
    this.isSilent = false
    this.delayMs = 0
    this.tag = `<script src="${control}live.js?v=1" async=""></script>`
    this.answer = () => ({ type: 'welcome', time: Date.now() })
  }

  #join(socket: WebSocket): void {
    this.sockets.add(socket)
    socket.on('close', () => {
      this.sockets.delete(socket)
      this.#events.emit('move')
    })
    socket.on('error', () => {})
    socket.on('message', (data) => {
      const message = JSON.parse((data as Buffer).toString()) as FromPage
      this.said.push(message)
      const answer = message.type === 'hello' ? this.answer(message) : null
      if (answer !== null) socket.send(JSON.stringify(answer))
      this.#events.emit('move')
    })
  }

  #serve(request: IncomingMessage, response: ServerResponse): void {
    const target = request.url ?? '/'
    const path = target.split('?')[0] ?? ''
    this.asked.push(target)
    response.setHeader('Cache-Control', 'no-cache')
    if (path === `${control}session`) this.#session(request, response)
    else if (path === `${control}live.js`) {
      response.setHeader('Content-Type', 'text/javascript; charset=utf-8')
      response.end(readFileSync(client))
    } else setTimeout(() => this.#file(path, request, response), this.delayMs)
    this.#events.emit('move')
  }

  #session(request: IncomingMessage, response: ServerResponse): void {
    this.sessions.push(performance.now())
    const refusal = request.headers['x-serve8008'] === 'live' ? this.refusal : 403
    if (refusal !== undefined) return void response.writeHead(refusal).end()
    response.setHeader('Content-Type', 'application/json')
    const session: Session = { ...this.settings, token: this.token, socket: `${control}socket`, time: Date.now() }
    response.end(JSON.stringify(session))
  }

  #file(path: string, request: IncomingMessage, response: ServerResponse): void {
    const file = this.files.get(path)
    if (file === undefined) return void response.writeHead(404).end()
    const isPage = /html/.test(file.type) && /^(document|iframe)$/.test(String(request.headers['sec-fetch-dest']))
    const body = isPage ? String(file.body).replace('<head>', `<head>${this.tag}`) : file.body
    // Browsers seek in media by ranges only.
    const range = /^bytes=(\d+)-(\d*)$/.exec(request.headers.range ?? '')
    if (range !== null && Buffer.isBuffer(body)) {
      const part = body.subarray(Number(range[1]), range[2] === '' ? undefined : Number(range[2]) + 1)
      const place = `bytes ${range[1]}-${Number(range[1]) + part.length - 1}/${body.length}`
      response.writeHead(206, { 'Content-Type': file.type, 'Content-Length': part.length, 'Content-Range': place })
      return void response.end(part)
    }
    response.writeHead(200, { 'Content-Type': file.type, 'Content-Length': Buffer.byteLength(body), ...file.headers })
    response.end(body)
  }
}

function typeOf(path: string): string {
  const types: Record<string, string> = {
    css: 'text/css',
    html: 'text/html; charset=utf-8',
    js: 'text/javascript',
    svg: 'image/svg+xml',
    json: 'application/json',
    wav: 'audio/wav',
  }
  return types[path.split('.').at(-1) ?? ''] ?? 'text/html; charset=utf-8'
}

/** A page around a body. */
export function html(body: string, head = ''): string {
  return `<!doctype html><html lang="en"><head><meta charset="utf-8"><link rel="icon" href="data:,">${head}</head><body>${body}</body></html>`
}

/** A picture of one colour and size. */
export function picture(width: number, colour = 'red'): string {
  return `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="10"><rect width="${width}" height="10" fill="${colour}"/></svg>`
}
