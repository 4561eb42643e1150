import { lstatSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir, userInfo } from 'node:os'
import { join } from 'node:path'
import type { Environment } from '../config/sources/env.ts'
import { isRunning, type ServerProcess } from './server-process.ts'
import { hash128 } from '../core/util/hash128.ts'
import type { Command } from './args/command.ts'

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
  const file = join(folderOf(env), `${server.pid}.json`)
  try {
    mkdirSync(folderOf(env), { recursive: true, mode: 0o700 })
    if (!isOurs(folderOf(env))) return () => {}
    rmSync(file, { force: true })
    writeFileSync(file, JSON.stringify(server), { mode: 0o600, flag: 'wx' })
  } catch {
    return () => {}
  }
  return () => rmSync(file, { force: true })
}

/** The servers of this user that run now. */
export function runningServers(env: Environment): RunningServer[] {
  const folder = folderOf(env)
  if (!isOurs(folder)) return []
  return readdirSync(folder).flatMap((name) => {
    const server = readServer(join(folder, name))
    if (server === undefined) return []
    if (isRunning(server)) return [server]
    // It was killed before it could unregister.
    rmSync(join(folder, name), { force: true })
    return []
  })
}

/** The runtime folder of the user where there is one, else one of our own in the temporary folder. */
function folderOf(env: Environment): string {
  const runtime = env['XDG_RUNTIME_DIR']
  if (runtime !== undefined && runtime.startsWith('/')) return join(runtime, 'serve8008')
  return join(tmpdir(), `serve8008-${userId() ?? userInfo().username}`)
}

/** The id of the user, who may have no name in a container; absent on Windows. */
function userId(): number | undefined {
  return process.geteuid?.()
}

/** In a temporary folder another user may have made it first: a link, or a folder of another user, is not used. */
function isOurs(folder: string): boolean {
  try {
    const stat = lstatSync(folder)
    const uid = userId()
    return stat.isDirectory() && (uid === undefined || (stat.uid === uid && (stat.mode & 0o077) === 0))
  } catch {
    return false
  }
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
    } = JSON.parse(readFileSync(file, 'utf8')) as Record<string, unknown>
    const texts = [url, root, cwd, reload, token, script, settings].every((value) => typeof value === 'string')
    if (!texts || typeof port !== 'number' || typeof tlsPort !== 'number') return undefined
    // A signal to 0 or below goes to a whole group of processes.
    if (!Number.isInteger(pid) || (pid as number) <= 0) return undefined
    return { pid, url, port, tlsPort, root, cwd, reload, token, script, settings } as RunningServer
  } catch {
    return undefined
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
