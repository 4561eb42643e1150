import { lstatSync, mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir, userInfo } from 'node:os'
import { join } from 'node:path'
import type { Environment } from '../config/sources/env.ts'
import type { FlagValues } from '../config/sources/source.ts'

/** What identifies the process of a server. */
export interface ServerProcess {
  readonly pid: number
  /** Absolute folder in which it was started. */
  readonly cwd: string
  /** The script that the process runs, which distinguishes it from a later process with the same id; empty if not known. */
  readonly script: string
}

/** How a server was started, without secrets. */
export interface ServerStart {
  readonly flags: FlagValues
  /** Its variables that are settings. */
  readonly env: Environment
  readonly config?: string | false
  /** The options that are left out because they may hold secrets. */
  readonly hidden: readonly string[]
}

/** A server that the command started, as another command of the same user finds it. */
export interface RunningServer extends ServerProcess {
  readonly url: string
  readonly port: number
  /** That for HTTPS, 0 where there is none. */
  readonly tlsPort: number
  /** Absolute path of the served folder. */
  readonly root: string
  /** Tells the settings of two servers apart. */
  readonly settings: string
  /** Undefined where an older version started it. */
  readonly start?: ServerStart
  /** Path of the address that reloads pages. */
  readonly reload: string
  /** What that address asks for; empty where live reload is off. */
  readonly token: string
}

/**
 * Registers a running server in a file that only its owner can read: the token in it allows reloading pages.
 *
 * @returns a function that unregisters it and never throws. If the file cannot be written, the server is not registered.
 */
export function registerServer(server: RunningServer, env: Environment): () => void {
  const file = join(registryFolder(env), `${server.pid}.json`)
  try {
    mkdirSync(registryFolder(env), { recursive: true, mode: 0o700 })
    if (!isOwnFolder(registryFolder(env))) return () => {}
    rmSync(file, { force: true })
    writeFileSync(file, JSON.stringify(server), { mode: 0o600, flag: 'wx' })
  } catch {
    return () => {}
  }
  return () => rmSync(file, { force: true })
}

/** The runtime folder of the user where there is one, else one of our own in the temporary folder. */
export function registryFolder(env: Environment): string {
  const runtime = env['XDG_RUNTIME_DIR']
  if (runtime !== undefined && runtime.startsWith('/')) return join(runtime, 'serve8008')
  return join(tmpdir(), `serve8008-${userId() ?? userInfo().username}`)
}

/** The id of the user, who may have no name in a container; absent on Windows. */
function userId(): number | undefined {
  return process.geteuid?.()
}

/** In a temporary folder another user may have made it first: a link, or a folder of another user, is not used. */
export function isOwnFolder(folder: string): boolean {
  try {
    const stat = lstatSync(folder)
    const uid = userId()
    return stat.isDirectory() && (uid === undefined || (stat.uid === uid && (stat.mode & 0o077) === 0))
  } catch {
    return false
  }
}
