import type { BackendName } from './backends.ts'
import type { Task } from './peers.ts'

/** Work that each server that knows how is given in turn. */
export interface Workload {
  readonly name: string
  readonly task: Task
  readonly backend?: BackendName
  /** `start` measures the start alone, `save` from a save to the page's socket; for the others see `loads.ts`. */
  readonly tool: 'wrk' | 'h2load' | 'echo' | 'events' | 'handshakes' | 'start' | 'save'
  readonly path: string
  readonly connections: number
  /** Requests at a time on a connection of HTTP/2. Default 10, as a page with its files makes them. */
  readonly streams?: number
  /** Status that each answer must have; a server that answers otherwise is not measured. Default 200. */
  readonly status?: number
  /** A field, in lower case, and what its value must be. */
  readonly expect?: readonly [field: string, value: string]
  /** Sent with each request. */
  readonly headers?: Readonly<Record<string, string>>
  /** Sends the validator of the file along. */
  readonly revalidates?: boolean
  /** Bytes of a POST. */
  readonly upload?: number
  /** Starts the server for each round and measures from its first answer on. */
  readonly isCold?: boolean
}

const many = 64
const few = 16
/** For downloads that take long: requests on their way when a round ends use processor time and do not count. */
const big = 4

function files(name: string, path: string, more: Partial<Workload> = {}): Workload {
  return { name, task: 'files', tool: 'wrk', path, connections: many, ...more }
}

function secure(name: string, path: string, more: Partial<Workload> = {}): Workload {
  return files(name, path, { task: 'tls', connections: few, ...more })
}

function proxied(backend: BackendName): Workload[] {
  const common = { task: 'proxy', tool: 'wrk', backend } as const
  const upload = { ...common, path: '/upload', connections: 32, upload: 65_536 }
  return [
    { ...common, name: `proxy 1 KiB to ${backend}`, path: '/1k.txt', connections: many },
    { ...common, name: `proxy 1 MiB to ${backend}`, path: '/1m.txt', connections: few },
    { ...upload, name: `proxy upload 64 KiB to ${backend}` },
    { ...common, name: `cold proxy 1 KiB to ${backend}`, path: '/1k.txt', connections: many, isCold: true },
    { ...upload, name: `cold proxy upload to ${backend}`, isCold: true },
  ]
}

const streams = { task: 'proxy', backend: 'Node' } as const

/** Everything that is measured, in the order of the table. */
export const workloads: readonly Workload[] = [
  files('static 1 KiB', '/1k.txt'),
  files('static 100 KiB', '/100k.txt'),
  files('static 10 MiB', '/10m.txt', { connections: big }),
  files('static 304', '/1k.txt', { status: 304, revalidates: true }),
  files('static 404', '/missing.txt', { status: 404 }),
  files('static range', '/10m.txt', { status: 206, headers: { Range: 'bytes=1000-2023' } }),
  files('SPA fallback', '/app/users', { task: 'spa', headers: { Accept: 'text/html' } }),
  files('brotli', '/app.js', {
    task: 'brotli',
    headers: { 'Accept-Encoding': 'gzip, deflate, br' },
    expect: ['content-encoding', 'br'],
  }),
  files('cold static 1 KiB', '/1k.txt', { isCold: true }),
  ...proxied('nginx'),
  ...proxied('Node'),
  { ...streams, name: 'WebSocket echo', tool: 'echo', path: '/socket', connections: many },
  { ...streams, name: 'events to 1,000 clients', tool: 'events', path: '/events', connections: 1000 },
  secure('TLS h1 1 KiB', '/1k.txt', { connections: many }),
  secure('TLS h1 10 MiB', '/10m.txt', { connections: big }),
  secure('TLS handshakes', '/1k.txt', { tool: 'handshakes' }),
  secure('TLS h2 1 KiB', '/1k.txt', { tool: 'h2load' }),
  secure('TLS h2 10 MiB', '/10m.txt', { tool: 'h2load', connections: big, streams: 1 }),
  secure('h2 to h1 proxy 1 KiB', '/1k.txt', { tool: 'h2load', task: 'tls proxy', backend: 'nginx' }),
  files('start', '/1k.txt', { tool: 'start' }),
  files('start with TLS', '/1k.txt', { tool: 'start', task: 'tls' }),
  files('save to page', '/', { tool: 'save' }),
]
