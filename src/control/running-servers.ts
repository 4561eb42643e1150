import { readdirSync, readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import type { Environment } from '../config/sources/env.ts'
import { isOwnFolder, registryFolder, type RunningServer, type ServerProcess } from './server-registry.ts'

/**
 * The servers of this user that run now.
 *
 * @param isRunning Whether the process of a server still runs.
 */
export function registeredServers(env: Environment, isRunning: (server: ServerProcess) => boolean): RunningServer[] {
  const folder = registryFolder(env)
  if (!isOwnFolder(folder)) return []
  return readdirSync(folder).flatMap((name) => {
    const server = readServer(join(folder, name))
    if (server === undefined) return []
    if (isRunning(server)) return [server]
    // It was killed before it could unregister.
    rmSync(join(folder, name), { force: true })
    return []
  })
}

function readServer(file: string): RunningServer | undefined {
  try {
    const {
      pid,
      url,
      port,
      tlsPort = 0,
      root,
      cwd,
      reload,
      token,
      script = '',
      settings = '',
      start,
    } = JSON.parse(readFileSync(file, 'utf8')) as Record<string, unknown>
    const texts = [url, root, cwd, reload, token, script, settings].every((value) => typeof value === 'string')
    if (!texts || typeof port !== 'number' || typeof tlsPort !== 'number') return undefined
    // A signal to 0 or below goes to a whole group of processes.
    if (!Number.isInteger(pid) || (pid as number) <= 0) return undefined
    const known = typeof start === 'object' && start !== null ? { start } : {}
    return { pid, url, port, tlsPort, root, cwd, reload, token, script, settings, ...known } as RunningServer
  } catch {
    return undefined
  }
}
