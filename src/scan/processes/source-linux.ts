import { open, readlink } from 'node:fs/promises'
import type { ProcessDetails, ProcessSource, RawProcess } from './source.ts'

/** Most bytes that are read of a file in /proc. Arguments and environments can be very long. */
const mostBytes = 128 * 1024

/** Clock ticks a second in /proc: USER_HZ, which is 100 on every architecture that Node runs on. */
const ticksPerSecond = 100

/** Variables that pm2 and supervisord set, so that their command can name the process. */
const supervisorVariables: ReadonlySet<string> = new Set(['pm_id', 'SUPERVISOR_PROCESS_NAME', 'SUPERVISOR_GROUP_NAME'])

/** The fields of `/proc/<pid>/stat` that are used (proc_pid_stat(5)). The name may hold spaces and parentheses. */
export function parseStat(
  text: string,
): { comm: string; ppid: number; startTicks: number; stopped: boolean } | undefined {
  const end = text.lastIndexOf(')')
  const start = text.indexOf('(')
  const fields = text.slice(end + 2).split(' ')
  const [ppid, startTicks] = [Number(fields[1]), Number(fields[19])]
  if (start === -1 || end < start || !Number.isInteger(ppid) || !Number.isInteger(startTicks)) return undefined
  return { comm: text.slice(start + 1, end), ppid, startTicks, stopped: fields[0] === 'T' }
}

/**
 * The path of the control group in `/proc/<pid>/cgroup`: that of version 2, or where version 1 is in use, of systemd's
 * hierarchy or another one that names something.
 */
export function parseCgroup(text: string): string | undefined {
  const lines = text.split('\n').flatMap((line) => {
    const [, controllers, path] = /^\d+:([^:]*):(\/.*)$/.exec(line) ?? []
    return path === undefined || path === '/' ? [] : [{ rank: rankOf(controllers as string), path }]
  })
  return lines.sort((a, b) => a.rank - b.rank)[0]?.path
}

function rankOf(controllers: string): number {
  return controllers === 'name=systemd' ? 0 : controllers === '' ? 1 : 2
}

/** Reads processes from /proc. */
export function linuxSource(proc: string = '/proc'): ProcessSource {
  let bootTime: Promise<number | undefined> | undefined
  let ownNamespace: Promise<string | undefined> | undefined
  return { find, details }

  async function find(pid: number): Promise<RawProcess | undefined> {
    const folder = `${proc}/${pid}`
    bootTime ??= readText(`${proc}/stat`).then(bootSeconds)
    const [stat, status, cmdline, executable, boot] = await Promise.all([
      readText(`${folder}/stat`).then(parseStat),
      readText(`${folder}/status`),
      readText(`${folder}/cmdline`),
      link(`${folder}/exe`),
      bootTime,
    ])
    if (stat === undefined) return undefined
    const uid = /^Uid:\s+\d+\s+(\d+)/m.exec(status)?.[1]
    const argv = cmdline.replace(/\0+$/, '').split('\0')
    return {
      pid,
      ppid: stat.ppid,
      uid: uid === undefined ? undefined : Number(uid),
      user: undefined,
      executable,
      argv: cmdline === '' ? [] : argv,
      comm: stat.comm,
      startedAt: boot === undefined ? undefined : new Date((boot + stat.startTicks / ticksPerSecond) * 1000),
      stopped: stat.stopped,
    }
  }

  async function details(pid: number): Promise<ProcessDetails> {
    const folder = `${proc}/${pid}`
    ownNamespace ??= link(`${proc}/self/ns/mnt`)
    const [cwd, namespace, own, cgroup, environment] = await Promise.all([
      link(`${folder}/cwd`),
      link(`${folder}/ns/mnt`),
      ownNamespace,
      readText(`${folder}/cgroup`),
      readText(`${folder}/environ`),
    ])
    return {
      cwd: cwd?.replace(/ \(deleted\)$/, ''),
      root: namespace === own ? '' : `${folder}/root`,
      cgroup: parseCgroup(cgroup),
      names: supervisorNames(environment),
    }
  }
}

function supervisorNames(environment: string): Record<string, string> {
  return Object.fromEntries(
    environment.split('\0').flatMap((line) => {
      const [, name = '', value = ''] = /^(\w+)=(.*)$/s.exec(line) ?? []
      return supervisorVariables.has(name) ? [[name, value]] : []
    }),
  )
}

/** When the system started, in seconds since 1970. */
function bootSeconds(stat: string): number | undefined {
  const seconds = /^btime (\d+)$/m.exec(stat)?.[1]
  return seconds === undefined ? undefined : Number(seconds)
}

/** The beginning of a file in /proc; empty when we may not read it. */
async function readText(path: string): Promise<string> {
  try {
    await using file = await open(path)
    const buffer = Buffer.allocUnsafe(mostBytes)
    let size = 0
    for (let read = 1; read > 0 && size < mostBytes; size += read) {
      read = (await file.read(buffer, size, mostBytes - size)).bytesRead
    }
    return buffer.toString('utf8', 0, size)
  } catch {
    return ''
  }
}

function link(path: string): Promise<string | undefined> {
  return readlink(path).catch(() => undefined)
}
