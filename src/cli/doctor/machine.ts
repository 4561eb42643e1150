import { accessSync, constants, statSync, statfsSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { formatBytes } from '../../core/util/format-bytes.ts'
import { shellQuote } from '../../core/util/shell-quote.ts'
import { note, readText, warning, type Seen } from './check.ts'

/** The oldest Node that `engines` of package.json allows. */
const oldestNode = [20, 19] as const

/** @param version as `process.versions.node` */
export function lookAtNode(version: string, arch: string, platform: string): Seen {
  const [major = 0, minor = 0] = version.split('.').map(Number)
  const isOld = major < oldestNode[0] || (major === oldestNode[0] && minor < oldestNode[1])
  const why = `serve8008 needs Node ${oldestNode.join('.')} or later.`
  return {
    seen: `${version} (${platform} ${arch})`,
    findings: isOld ? [warning('D8008_NODE', why, 'npx -p node@22 -p serve8008 serve8008')] : [],
  }
}

/** Milliseconds by which the clock may be behind the files of this package: they were unpacked by another clock. */
const clockLeewayMs = 24 * 3_600_000

/**
 * Whether the clock is behind the time at which our own files were written. Certificates are not valid yet then.
 *
 * @param file the script that runs
 */
export function lookAtClock(file: string, now: number = Date.now()): Seen {
  const seen = new Date(now).toISOString().replace(/\.\d+/, '')
  const mtimeMs = statSync(file, { throwIfNoEntry: false })?.mtimeMs ?? 0
  if (now > mtimeMs - clockLeewayMs) return { seen }
  const why = `The clock is behind: files of serve8008 were written ${new Date(mtimeMs).toISOString().slice(0, 10)}. Certificates count as not valid yet.`
  return { seen, findings: [warning('D8008_CLOCK', why, 'sudo hwclock --hctosys')] }
}

/** Open files below which a server with many pages may run out. */
const fewFiles = 1024

/**
 * @param limits text of `/proc/self/limits`; undefined where there is none
 * @param fileNr text of `/proc/sys/fs/file-nr`: used, 0, most
 */
export function lookAtOpenFiles(limits: string | undefined, fileNr: string | undefined): Seen {
  const [, soft] = /^Max open files\s+(\S+)/m.exec(limits ?? '') ?? []
  if (soft === undefined) return { seen: 'limit not readable on this system' }
  const [used, , most] = (fileNr ?? '').trim().split(/\s+/).map(Number)
  const isFew = Number(soft) < fewFiles
  const isFull = used !== undefined && most !== undefined && used > most * 0.9
  return {
    seen: `up to ${soft} in a process`,
    findings: [
      ...(isFew
        ? [
            warning(
              'D8008_OPEN_FILES',
              `A process may open ${soft} files only; each connection is one.`,
              'ulimit -n 8192',
            ),
          ]
        : []),
      ...(isFull
        ? [
            warning(
              'D8008_OPEN_FILES',
              `All processes together have ${used} of ${most} files open.`,
              `sudo sysctl fs.file-max=${most * 2}`,
            ),
          ]
        : []),
    ],
  }
}

/** Free bytes below which the disk of the temporary folder counts as full. */
const fewBytes = 100e6

/** The temporary folder: the registry and uploads may be in it. */
export function lookAtTemporary(folder: string = tmpdir()): Seen {
  try {
    accessSync(folder, constants.W_OK | constants.X_OK)
  } catch {
    const why = `The temporary folder ${folder} does not exist or cannot be written.`
    return { seen: folder, findings: [warning('D8008_TEMPORARY', why, `mkdir -p ${shellQuote(folder)}`)] }
  }
  const { bavail, bsize } = statfsSync(folder)
  const free = bavail * bsize
  const seen = `${folder}, ${formatBytes(free)} free`
  if (free >= fewBytes) return { seen }
  return {
    seen,
    findings: [
      warning('D8008_TEMPORARY', 'The disk of the temporary folder is nearly full.', `du -sh ${shellQuote(folder)}/*`),
    ],
  }
}

/** What the machine runs in. */
export interface Surroundings {
  /** Text of `/proc/version`. */
  readonly kernel: string
  /** A file that a container engine leaves: `docker`, `podman`. */
  readonly container: string | undefined
  readonly cwd: string
  /** User id; undefined on Windows. */
  readonly uid: number | undefined
  /** The user who called sudo. */
  readonly sudoUser: string | undefined
}

/** Reads it from the files of Linux; elsewhere it is empty. */
export function surroundingsOf(cwd: string, env: Readonly<Record<string, string | undefined>>): Surroundings {
  const exists = (path: string): boolean => statSync(path, { throwIfNoEntry: false }) !== undefined
  const container = exists('/run/.containerenv') ? 'podman' : exists('/.dockerenv') ? 'docker' : undefined
  const uid = process.getuid?.()
  return { kernel: readText('/proc/version') ?? '', container, cwd, uid, sudoUser: env['SUDO_USER'] }
}

/** Notes about WSL, containers and root. */
export function lookAtSurroundings({ kernel, container, cwd, uid, sudoUser }: Surroundings): Seen {
  const isWsl = /microsoft/i.test(kernel)
  const seen = [
    isWsl ? 'WSL' : undefined,
    container === undefined ? undefined : `a container (${container})`,
    uid === 0 ? 'as root' : undefined,
  ].filter((part) => part !== undefined)
  const findings = [
    ...(isWsl && /^\/mnt\/[a-z]\//.test(cwd)
      ? [
          note(
            'D8008_WSL_FOLDER',
            `${cwd} is a Windows folder: it is slow in WSL and reports no changes, so files are checked every second.`,
            `cp -r ${shellQuote(cwd)} ~/`,
          ),
        ]
      : []),
    ...(container === undefined
      ? []
      : [
          note(
            'D8008_CONTAINER',
            'In a container localhost is the container: the host reaches a server by a published port on every address.',
            'serve8008 --host 0.0.0.0',
          ),
        ]),
    ...(uid === 0 && sudoUser !== undefined
      ? [
          note(
            'D8008_SUDO',
            `sudo makes this a server of root: commands of ${sudoUser} neither list nor stop it.`,
            'serve8008',
          ),
        ]
      : []),
  ]
  return { seen: seen.length === 0 ? 'no container, no WSL' : seen.join(', '), findings }
}
