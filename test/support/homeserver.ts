import { createHash } from 'node:crypto'
import { EventEmitter, once } from 'node:events'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'

/** A request as it reached the homeserver. */
export interface HomeserverRequest {
  readonly method: string
  /** As it came, byte for byte. */
  readonly target: string
  readonly headers: IncomingMessage['headers']
}

/** What Synapse refuses without reading it: 50 MiB by default. */
const mostUploadBytes = 50 * 1024 * 1024

type Answer = readonly [status: number, content: unknown]

/**
 * A homeserver that behaves towards a client and a proxy as Synapse 1.67 was seen to: routes by the raw segments of the
 * path, CORS of its own, syncs that wait, the leftmost X-Forwarded-For, and uploads that it refuses by hanging up.
 */
export class Homeserver implements AsyncDisposable {
  readonly requests: HomeserverRequest[] = []
  /** `waiting` when a sync begins to wait, `left` when its client goes. */
  readonly syncs: EventEmitter = new EventEmitter()
  readonly #server = createServer((request, response) => void this.#answer(request, response))
  readonly #aliases = new Map<string, string>()
  readonly #state = new Map<string, unknown>()
  readonly #name = 'hs.test'
  #address = ''

  static async start(): Promise<Homeserver> {
    const homeserver = new Homeserver()
    homeserver.#server.listen(0, '127.0.0.1')
    await once(homeserver.#server, 'listening')
    return homeserver
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.syncs.emit('left')
    this.#server.closeAllConnections()
    this.#server.close()
    await once(this.#server, 'close')
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { method = '', url: target = '', headers } = request
    this.requests.push({ method, target, headers })
    const [path = '', query = ''] = target.split('?')
    response.setHeader('Server', 'Synapse/1.67.0')
    response.setHeader('Access-Control-Allow-Origin', '*')
    response.setHeader('Access-Control-Allow-Headers', 'X-Requested-With, Content-Type, Authorization, Date')
    if (method === 'OPTIONS') return void response.writeHead(204).end()
    this.#address =
      String(headers['x-forwarded-for'] ?? '')
        .split(',')[0]
        ?.trim() ?? ''
    if (Number(headers['content-length'] ?? 0) > mostUploadBytes) return void request.socket.destroy()
    const hash = createHash('sha256')
    const chunks: Buffer[] = []
    let bytes = 0
    try {
      for await (const chunk of request as AsyncIterable<Buffer>) {
        bytes += chunk.length
        hash.update(chunk)
        if (bytes < 1_000_000) chunks.push(chunk)
      }
    } catch {
      return
    }
    if (path === '/_matrix/media/v3/upload') {
      return send(response, [200, { content_uri: `mxc://${this.#name}/${bytes}-${hash.digest('hex')}` }])
    }
    if (path === '/_matrix/client/v3/sync')
      await this.#idle(Number(new URLSearchParams(query).get('timeout') ?? 0), request)
    const text = Buffer.concat(chunks).toString()
    const content = text === '' ? {} : (JSON.parse(text) as Record<string, unknown>)
    send(response, this.#route(method, path.split('/').slice(1), content))
  }

  /** Waits as a sync does that has no news. A client that leaves ends it. */
  async #idle(timeoutMs: number, request: IncomingMessage): Promise<void> {
    const { socket } = request
    const left = (): boolean => this.syncs.emit('left')
    socket.once('close', left)
    this.syncs.emit('waiting')
    await new Promise<void>((resolve) => {
      const wake = (): void => (clearTimeout(timer), resolve())
      const timer = setTimeout(resolve, timeoutMs)
      this.syncs.once('left', wake)
    })
    socket.off('close', left)
  }

  /** Segments are compared as they came, and decoded one by one after that. */
  #route(method: string, segments: readonly string[], content: Record<string, unknown>): Answer {
    const [root, api, version, ...rest] = segments
    const unrecognized: Answer = [404, { errcode: 'M_UNRECOGNIZED', error: 'Unrecognized request' }]
    if (root === '_synapse') return api === 'admin' ? [200, { server_version: '1.67.0' }] : [200, { public: true }]
    if (root !== '_matrix') return unrecognized
    if (api === 'federation' && rest.join('/') === 'version')
      return [200, { server: { name: 'Synapse', version: '1.67.0' } }]
    if (api === 'key' && rest[0] === 'server') return [200, { server_name: this.#name, verify_keys: {} }]
    if (api !== 'client') return unrecognized
    if (version === 'versions')
      return [200, { versions: ['v1.1', 'v1.2', 'v1.3', 'v1.4', 'v1.5'], unstable_features: {} }]
    const [resource = '', first = '', second = ''] = rest
    if (resource === 'rooms' && second === 'state' && rest.length === 5) {
      const key = rest.map((segment) => decodeURIComponent(segment)).join('\n')
      if (method !== 'PUT')
        return this.#state.has(key) ? [200, this.#state.get(key)] : [404, { errcode: 'M_NOT_FOUND' }]
      this.#state.set(key, content)
      return [200, { event_id: `$${this.#state.size}` }]
    }
    if (resource === 'directory' && rest.length === 3) {
      const room = this.#aliases.get(decodeURIComponent(rest[2] ?? ''))
      return room === undefined ? [404, { errcode: 'M_NOT_FOUND' }] : [200, { room_id: room, servers: [this.#name] }]
    }
    if (resource === 'createRoom') {
      const room = `!room:${this.#name}`
      this.#aliases.set(`#${String(content['room_alias_name'])}:${this.#name}`, room)
      return [200, { room_id: room }]
    }
    const user = `@ann:${this.#name}`
    const fixed: Readonly<Record<string, unknown>> = {
      login: { user_id: user, access_token: 'token', device_id: 'DEVICE' },
      'account/whoami': { user_id: user, device_id: 'DEVICE' },
      capabilities: { capabilities: {} },
      devices: { devices: [{ device_id: 'DEVICE', last_seen_ip: this.#address }] },
      'pushrules/': { global: {} },
      [`user/${first}/filter`]: { filter_id: '0' },
      'voip/turnServer': {},
      sync: { next_batch: 's1', rooms: { join: {} } },
    }
    const found = fixed[rest.map((segment, i) => (i === 1 ? segment : decodeURIComponent(segment))).join('/')]
    return found === undefined ? unrecognized : [200, found]
  }
}

function send(response: ServerResponse, [status, content]: Answer): void {
  response.writeHead(status, { 'Content-Type': 'application/json' }).end(JSON.stringify(content))
}
