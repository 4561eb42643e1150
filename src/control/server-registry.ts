import { lstatSync, mkdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir, userInfo } from 'node:os'
import { join } from 'node:path'
import type { Environment } from '../config/sources/env.ts'
import type { FlagValues } from '../config/sources/source.ts'
import { replaceFile } from '../core/util/owned-file.ts'

/** What identifies the process of a server. */
export interface ServerProcess {
  readonly pid: number
  /** Absolute folder in which it was started. */
  readonly cwd: string
  /** The script that the process runs, which distinguishes it from a later process with the same id; empty if not known. */
  readonly script: string
  /** When the kernel started it, see {@link processStart}; undefined where that is not known. */
  readonly processStart?: string
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

/** What a server answers with at an address: a folder, or what a route does. Holds no secrets. */
export interface RegisteredRoute {
  /** The route's id, such as `/api`. */
  readonly route: string
  /** Such as `localhost:3000`, or the absolute path of a folder. */
  readonly to: string
}

/** One of several sites of a server. */
export interface RegisteredSite {
  readonly name: string
  /** Absolute path of its folder. */
  readonly folder: string
  readonly urls: readonly string[]
}

/** What a server answers. It changes while the server runs; undefined values are those of an older version. */
export interface RegisteredContent {
  /** Every URL: of each listener and, where it is shared, for other machines. */
  readonly urls?: readonly string[]
  /** Its sites, where it has more than one. */
  readonly sites?: readonly RegisteredSite[]
  readonly routes?: readonly RegisteredRoute[]
}

/** A server that the command started, as another command of the same user finds it. */
export interface RunningServer extends ServerProcess, RegisteredContent {
  readonly url: string
  /**
   * The loopback address behind `localhost` in `url`: at the other one a server of another user may listen. Undefined for another
   * host, and where an older version started it.
   */
  readonly loopback?: string
  readonly port: number
  /** That for HTTPS, 0 where there is none. */
  readonly tlsPort: number
  /** Absolute path of the served folder. */
  readonly root: string
  /** Tells the settings of two servers apart. */
  readonly settings: string
  /** Undefined where an older version started it. */
  readonly start?: ServerStart
  /** Milliseconds since 1970; undefined where an older version started it. */
  readonly startedAt?: number
  /** Path of the address that reloads pages. */
  readonly reload: string
  /** What that address asks for; empty where live reload is off. */
  readonly token: string
  /** Path at which exchanges are followed; undefined where an older version started it. */
  readonly exchanges?: string
  /** What that path asks for, which no page gets; empty for a server that listens on no TCP port. */
  readonly ownerToken?: string
}

/** The entry of a server in the registry. Neither function throws. */
export interface Registration {
  /** Replaces what the server answers. */
  update(content: RegisteredContent): void
  /** Removes the entry. */
  remove(): void
}

/**
 * Registers a running server in a file that only its owner can read: the token in it allows reloading pages. If the file
 * cannot be written, the server is not registered.
 */
export function registerServer(server: RunningServer, env: Environment): Registration {
  const folder = registryFolder(env)
  const file = join(folder, entryName(server.pid))
  const started = processStart(server.pid)
  let entry = started === undefined ? server : { ...server, processStart: started }
  let isRegistered = false

  function write(): void {
    try {
      mkdirSync(folder, { recursive: true, mode: 0o700 })
      if (!isOwnFolder(folder)) return
      // Readers see the whole entry or the former one; a link in its place is replaced.
      replaceFile(file, JSON.stringify(entry), 0o600)
      isRegistered = true
    } catch {
      // The server runs on without an entry.
    }
  }

  write()
  return {
    update(content) {
      if (!isRegistered) return
      entry = { ...entry, ...content }
      write()
    },
    remove() {
      if (!isRegistered) return
      isRegistered = false
      try {
        rmSync(file, { force: true })
      } catch {
        // Readers find that the process has ended.
      }
    },
  }
}

/** Name of the file of a process. */
export function entryName(pid: number): string {
  return `${pid}.json`
}

/** The runtime folder of the user where there is one, else one of our own in the temporary folder. */
export function registryFolder(env: Environment): string {
  const runtime = env['XDG_RUNTIME_DIR']
  if (runtime !== undefined && runtime.startsWith('/')) return join(runtime, 'serve8008')
  return join(tmpdir(), `serve8008-${userId() ?? userInfo().username}`)
}

/** The id of the user, who may have no name in a container; absent on Windows. */
export function userId(): number | undefined {
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

/**
 * When a process was started, as the kernel counts it: the text is equal for the same process only, since ids are used
 * again. Undefined where there is no such process, and on systems other than Linux.
 */
export function processStart(pid: number): string | undefined {
  if (process.platform !== 'linux') return undefined
  try {
    return startField(readFileSync(`/proc/${pid}/stat`, 'utf8'))
  } catch {
    return undefined
  }
}

/** Field 22 of `/proc/<pid>/stat` (proc_pid_stat(5)). Field 2 is the name of the program, which may hold spaces and parentheses. */
export function startField(stat: string): string | undefined {
  const [, fields = ''] = /^\d+ \(.*\) (.*)$/s.exec(stat) ?? []
  return fields.split(' ')[19]
}
