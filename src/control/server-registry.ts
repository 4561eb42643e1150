import { lstatSync, mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir, userInfo } from 'node:os'
import { join } from 'node:path'
import type { Environment } from '../config/sources/env.ts'
import type { ServerProcess } from '../cli/server-process.ts'
import { hash128 } from '../core/util/hash128.ts'
import type { Command } from '../cli/args/command.ts'

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

/** What of the settings is the terminal's own, or compared apart. */
const ownSettings: ReadonlySet<string> = new Set(['root', 'port', 'open', 'log'])

/**
 * Tells the settings of two servers of a folder apart by what their commands say: an edit of the config file that they
 * share reaches both.
 */
export function settingsHash(file: string | undefined, { flags }: Pick<Command, 'flags'>, env: Environment): string {
  const given = Object.entries(flags).filter(([key]) => !ownSettings.has(key))
  const named = Object.entries(env).filter(
    ([name]) => name.startsWith('SERVE8008_') && !ownSettings.has(name.slice('SERVE8008_'.length).toLowerCase()),
  )
  const sorted = [...given, ...named].toSorted(([one], [other]) => (one < other ? -1 : 1))
  return hash128(Buffer.from(JSON.stringify([file, sorted]))).toString('hex')
}
