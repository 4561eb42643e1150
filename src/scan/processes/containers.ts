import { connect } from 'node:net'
import { join } from 'node:path'
import { homeFolder } from '../../core/util/home.ts'
import { printable } from '../../core/util/sanitize.ts'
import type { Container } from '../types.ts'

/** A running container with the TCP ports of this machine that lead into it. */
export interface RunningContainer extends Container {
  readonly ports: readonly number[]
}

/** The socket of a container engine. */
export interface EngineSocket {
  readonly engine: 'docker' | 'podman'
  readonly path: string
}

/** Programs that listen for all containers: of Docker Desktop, of engines without root, of Podman's and OrbStack's machine. */
export const forwarders: RegExp = /^(?:com\.docker\.|vpnkit|rootlesskit|rootlessport|gvproxy|OrbStack)/

/** Milliseconds that an engine has to answer. */
const mostMs = 1000
/** Most bytes of its answer. */
const mostBytes = 4 * 1024 * 1024
/** Longest name that is shown. */
const longestName = 80

/** Where engines listen by default, for root and for this user. */
export function engineSockets(platform: NodeJS.Platform = process.platform): EngineSocket[] {
  if (platform === 'win32') return [{ engine: 'docker', path: '\\\\.\\pipe\\docker_engine' }]
  const home = homeFolder()
  const runtime = `/run/user/${process.getuid?.() ?? 0}`
  return [
    { engine: 'docker', path: '/var/run/docker.sock' },
    { engine: 'docker', path: `${runtime}/docker.sock` },
    ...(home === undefined ? [] : [{ engine: 'docker' as const, path: join(home, '.docker/run/docker.sock') }]),
    ...(home === undefined ? [] : [{ engine: 'docker' as const, path: join(home, '.docker/desktop/docker.sock') }]),
    { engine: 'podman', path: '/run/podman/podman.sock' },
    { engine: 'podman', path: `${runtime}/podman/podman.sock` },
  ]
}

/**
 * The running containers of every engine whose socket we may use. Never rejects: an engine that is absent, refuses or is
 * silent for a second has none.
 */
export async function runningContainers(
  sockets: readonly EngineSocket[] = engineSockets(),
): Promise<RunningContainer[]> {
  const lists = await Promise.all(
    sockets.map(async ({ engine, path }) => parseContainers(await get(path, '/containers/json'), engine)),
  )
  // One engine may answer on two sockets, since Podman can stand in for Docker.
  const byId = new Map(lists.flat().map((each) => [each.id, each]))
  return [...byId.values()]
}

/** Parses the answer to `GET /containers/json` of the Docker Engine API, which Podman speaks too. */
export function parseContainers(text: string, engine: 'docker' | 'podman'): RunningContainer[] {
  let list: unknown
  try {
    list = JSON.parse(text)
  } catch {
    return []
  }
  return (Array.isArray(list) ? list : []).flatMap((each: Partial<ApiContainer> | null) => {
    if (typeof each?.Id !== 'string') return []
    const ports = (Array.isArray(each.Ports) ? each.Ports : []).flatMap((port) =>
      port.Type === 'tcp' && typeof port.PublicPort === 'number' ? [port.PublicPort] : [],
    )
    return {
      id: printable(each.Id, longestName),
      name: shown(each.Names?.[0]?.replace(/^\//, '')),
      image: shown(each.Image),
      compose: shown(each.Labels?.['com.docker.compose.project']),
      engine,
      // A port is listed for each family.
      ports: [...new Set(ports)],
    }
  })
}

/** The container alone, as a process has it. */
export function withoutPorts({ ports: _, ...container }: RunningContainer): Container {
  return container
}

interface ApiContainer {
  readonly Id: string
  readonly Names: readonly string[] | null
  readonly Image: string
  readonly Labels: Readonly<Record<string, string>> | null
  readonly Ports: readonly { readonly PublicPort?: number; readonly Type: string }[] | null
}

function shown(text: unknown): string | undefined {
  return typeof text === 'string' && text !== '' ? printable(text, longestName) : undefined
}

/** The content of a reply to GET over a socket; empty on every failure. HTTP/1.0, so that the content is not chunked. */
function get(path: string, target: string): Promise<string> {
  return new Promise((resolve) => {
    const socket = connect(path)
    const timer = setTimeout(() => socket.destroy(), mostMs)
    const chunks: Buffer[] = []
    let size = 0
    socket.on('error', () => {})
    socket.on('data', (chunk) => {
      size += chunk.length
      if (size > mostBytes) socket.destroy()
      else chunks.push(chunk)
    })
    socket.on('close', () => {
      clearTimeout(timer)
      const reply = Buffer.concat(chunks).toString('utf8')
      const end = reply.indexOf('\r\n\r\n')
      resolve(/^HTTP\/1\.[01] 200 /.test(reply) && end !== -1 ? reply.slice(end + 4) : '')
    })
    socket.end(`GET ${target} HTTP/1.0\r\nHost: localhost\r\nConnection: close\r\n\r\n`)
  })
}
