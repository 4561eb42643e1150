import { closeSync, constants, fstatSync, openSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import type { Environment } from '../config/sources/env.ts'
import {
  entryName,
  isOwnFolder,
  registryFolder,
  userId,
  type RegisteredContent,
  type RegisteredRoute,
  type RegisteredSite,
  type RunningServer,
  type ServerProcess,
} from './server-registry.ts'

/** What the registry holds. */
export interface Registry {
  /** The servers of this user that run now. */
  readonly servers: readonly RunningServer[]
  /** Entries whose process has ended, without a server where they are not readable. */
  readonly stale: readonly { readonly path: string; readonly server: RunningServer | undefined }[]
}

/**
 * Reads the registry and changes nothing.
 *
 * @param isRunning Whether the process of a server still runs.
 */
export function readRegistry(env: Environment, isRunning: (server: ServerProcess) => boolean): Registry {
  const folder = registryFolder(env)
  const servers: RunningServer[] = []
  const stale: Registry['stale'][number][] = []
  for (const name of isOwnFolder(folder) ? readdirSync(folder) : []) {
    const pid = /^([1-9]\d*)\.json(?:\.\w+\.tmp)?$/.exec(name)?.[1]
    if (pid === undefined) continue
    const path = join(folder, name)
    const server = name === entryName(Number(pid)) ? readServer(path) : undefined
    if (server !== undefined && server.pid === Number(pid) && isRunning(server)) servers.push(server)
    // Its server was killed before it could unregister, or while it wrote. What a newer version wrote stays as long as it runs.
    else if (server !== undefined || !isRunning({ pid: Number(pid), cwd: folder, script: '' }))
      stale.push({ path, server })
  }
  return { servers, stale }
}

/** The servers of this user that run now. Removes the entries of processes that have ended. */
export function registeredServers(
  env: Environment,
  isRunning: (server: ServerProcess) => boolean,
): readonly RunningServer[] {
  const { servers, stale } = readRegistry(env, isRunning)
  for (const { path } of stale) removeEntry(path)
  return servers
}

function removeEntry(path: string): void {
  try {
    rmSync(path, { force: true })
  } catch {
    // A folder of this name: none of ours.
  }
}

function readServer(file: string): RunningServer | undefined {
  try {
    const { startedAt, processStart, start, ...rest } = JSON.parse(readOwnFile(file)) as Record<string, unknown>
    const { pid, url, port, tlsPort = 0, root, cwd, reload, token, script = '', settings = '' } = rest
    const texts = [url, root, cwd, reload, token, script, settings].every(isText)
    if (!texts || typeof port !== 'number' || typeof tlsPort !== 'number') return undefined
    // A signal to 0 or below goes to a whole group of processes.
    if (!Number.isInteger(pid) || (pid as number) <= 0) return undefined
    const known = {
      ...(typeof start === 'object' && start !== null ? { start } : {}),
      ...(typeof startedAt === 'number' ? { startedAt } : {}),
      ...(isText(processStart) ? { processStart } : {}),
      ...(isText(rest['loopback']) ? { loopback: rest['loopback'] } : {}),
      ...(isText(rest['exchanges']) ? { exchanges: rest['exchanges'] } : {}),
      ...(isText(rest['ownerToken']) ? { ownerToken: rest['ownerToken'] } : {}),
      ...contentOf(rest),
    }
    return { pid, url, port, tlsPort, root, cwd, reload, token, script, settings, ...known } as RunningServer
  } catch {
    return undefined
  }
}

/** Most bytes of an entry: a server has thousands of routes at most. */
const mostEntryBytes = 4 * 1024 * 1024

/** The text of a file of this user. A link, a pipe that would never end, and what is too large for an entry are refused. */
function readOwnFile(file: string): string {
  const fd = openSync(file, constants.O_RDONLY | (constants.O_NOFOLLOW ?? 0) | (constants.O_NONBLOCK ?? 0))
  try {
    const stat = fstatSync(fd)
    const uid = userId()
    const isOwn = stat.isFile() && (uid === undefined || stat.uid === uid)
    if (!isOwn || stat.size > mostEntryBytes) throw new Error('not an entry of this user')
    return readFileSync(fd, 'utf8')
  } finally {
    closeSync(fd)
  }
}

function contentOf({ urls, sites, routes }: Record<string, unknown>): RegisteredContent {
  return {
    ...(isListOf(urls, isText) ? { urls } : {}),
    ...(isListOf(sites, isSite) ? { sites } : {}),
    ...(isListOf(routes, isRoute) ? { routes } : {}),
  }
}

function isListOf<Item>(value: unknown, isItem: (item: unknown) => item is Item): value is Item[] {
  return Array.isArray(value) && value.every(isItem)
}

function isText(value: unknown): value is string {
  return typeof value === 'string'
}

function isRoute(value: unknown): value is RegisteredRoute {
  const { route, to } = (value ?? {}) as Partial<RegisteredRoute>
  return isText(route) && isText(to)
}

function isSite(value: unknown): value is RegisteredSite {
  const { name, folder, urls } = (value ?? {}) as Partial<RegisteredSite>
  return isText(name) && isText(folder) && isListOf(urls, isText)
}
