/** Starts servers and reads from /proc what their process trees use. Linux alone has that folder. */
import { execFileSync, spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { get } from 'node:http'
import { get as getSecurely } from 'node:https'
import { availableParallelism } from 'node:os'
import { setTimeout as delay } from 'node:timers/promises'

/** Milliseconds in which a server must give its first answer. */
const startMs = 30_000
/** Milliseconds between two attempts to reach a server that starts. */
const attemptMs = 3

/** Whether the machine has a core for the server and one for the load. */
export const canPin: boolean = availableParallelism() > 1

/** Debian puts servers where not everyone's shell looks. */
const searchPath = `${process.env['PATH']}:/usr/sbin`

/** Whether a program is here. */
export function isInstalled(program: string): boolean {
  try {
    execFileSync('which', [program], { stdio: 'ignore', env: { PATH: searchPath } })
    return true
  } catch {
    return false
  }
}

/** A server that answers. */
export interface Running {
  readonly pid: number
  /** Milliseconds from spawn to the first answer. */
  readonly startedMs: number
  /** Ends the process and waits for it. */
  stop(): Promise<void>
}

/** What a process tree has used. */
export interface Usage {
  /** Microseconds of processor time. */
  readonly cpu: number
  /** MiB that its processes held in memory at most, since {@link forgetPeak}, and hold now. */
  readonly peakMiB: number
  readonly rssMiB: number
}

/** The command line that keeps a program on one core: 0 is for the server, 1 for the load and the backend. */
export function pinned(core: 0 | 1, command: readonly string[]): string[] {
  return canPin ? ['taskset', '-c', String(core), ...command] : [...command]
}

/**
 * Starts a server and asks for `url` until it answers.
 *
 * @param home Folder that takes the place of the user's own, so that nothing of it is read or changed.
 * @throws Error when the server ends, or gives no answer in 30 seconds.
 */
export async function start(command: readonly string[], core: 0 | 1, url: string, home: string): Promise<Running> {
  const [program = '', ...args] = pinned(core, command)
  const startedAt = performance.now()
  const env = { PATH: searchPath, HOME: home, NODE_ENV: 'production' }
  const child = spawn(program, args, { cwd: home, env, stdio: ['ignore', 'ignore', 'pipe'] })
  living.add(child)
  let complaints = ''
  child.stderr.setEncoding('utf8').on('data', (text: string) => (complaints = (complaints + text).slice(-2000)))
  child.once('error', (error) => (complaints += error.message))
  while (!(await answers(url))) {
    const isLate = performance.now() - startedAt > startMs
    if (child.exitCode === null && child.pid !== undefined && !isLate) {
      await delay(attemptMs)
      continue
    }
    await stop(child)
    throw new Error(`${command.join(' ')} gave no answer at ${url}.\n${complaints}`)
  }
  const startedMs = performance.now() - startedAt
  return { pid: child.pid ?? 0, startedMs, stop: () => stop(child) }
}

/** Servers that would go on without this process. */
const living = new Set<ChildProcess>()
process.once('exit', () => living.forEach(kill))

async function stop(child: ChildProcess): Promise<void> {
  living.delete(child)
  if (child.pid === undefined || child.exitCode !== null || child.signalCode !== null) return
  const ended = once(child, 'exit')
  kill(child)
  await ended
}

function kill({ pid: root }: ChildProcess): void {
  if (root === undefined) return
  // Parents first: nginx replaces a worker that ends.
  for (const pid of treeOf(root)) {
    try {
      process.kill(pid, 'SIGKILL')
    } catch {
      // It has ended with its parent.
    }
  }
}

function answers(url: string): Promise<boolean> {
  const ask = url.startsWith('https:') ? getSecurely : get
  return new Promise((resolve) => {
    const request = ask(url, { agent: false, rejectUnauthorized: false }, (response) => {
      response.resume().on('close', () => resolve((response.statusCode ?? 500) < 500))
    })
    request.on('error', () => resolve(false))
  })
}

/** Takes the present use of memory for the highest so far. */
export function forgetPeak(pid: number): void {
  for (const each of treeOf(pid)) {
    try {
      writeFileSync(`/proc/${each}/clear_refs`, '5')
    } catch {
      // A kernel without this file keeps the peak since the start.
    }
  }
}

/** What a process and all below it use. The clock of processor time ticks a hundred times a second. */
export function usageOf(pid: number): Usage {
  let [cpu, peak, rss] = [0, 0, 0]
  for (const each of treeOf(pid)) {
    const fields = statOf(each)
    // utime, stime, and the same of children that have ended: proc_pid_stat(5), 14 to 17.
    cpu += fields.slice(11, 15).reduce((sum, ticks) => sum + Number(ticks) * 10_000, 0)
    const status = read(`/proc/${each}/status`)
    peak += Number(/VmHWM:\s+(\d+)/.exec(status)?.[1] ?? 0)
    rss += Number(/VmRSS:\s+(\d+)/.exec(status)?.[1] ?? 0)
  }
  return { cpu, peakMiB: peak / 1024, rssMiB: rss / 1024 }
}

function treeOf(root: number): number[] {
  const children = new Map<number, number[]>()
  for (const name of readdirSync('/proc')) {
    if (!/^\d+$/.test(name)) continue
    const parent = Number(statOf(Number(name))[1])
    children.set(parent, [...(children.get(parent) ?? []), Number(name)])
  }
  const tree = [root]
  for (const pid of tree) tree.push(...(children.get(pid) ?? []))
  return tree
}

/** The fields of /proc/PID/stat from the state on; the name before them may hold anything. Empty when it has ended. */
function statOf(pid: number): string[] {
  const text = read(`/proc/${pid}/stat`)
  return text.slice(text.lastIndexOf(')') + 2).split(' ')
}

function read(path: string): string {
  try {
    return readFileSync(path, 'latin1')
  } catch {
    return ''
  }
}
