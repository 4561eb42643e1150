import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { basename, resolve } from 'node:path'
import type { Environment } from '../config/sources/env.ts'
import { realPathOrSame } from '../core/util/disk-name.ts'
import { registeredServers } from '../control/running-servers.ts'
import { processStart, type RunningServer, type ServerProcess } from '../control/server-registry.ts'

// Named in full: Windows looks into the current folder first, where a served project could plant a powershell.exe.
const powershell = 'C:\\Windows\\System32\\WindowsPowerShell\\v1.0\\powershell.exe'

/** The servers of this user that run now. */
export function runningServers(env: Environment): readonly RunningServer[] {
  return registeredServers(env, isRunning)
}

/** Whether two paths name one folder, perhaps through a symbolic link. An empty one names none. */
export function isSameFolder(one: string, other: string): boolean {
  return one === other || (one !== '' && other !== '' && realPathOrSame(one) === realPathOrSame(other))
}

/** Whether one of the listeners of a server has a port. */
export function hasPort(
  { port, tlsPort, urls = [] }: Pick<RunningServer, 'port' | 'tlsPort' | 'urls'>,
  wanted: number,
): boolean {
  return (
    [port, tlsPort].includes(wanted) || urls.some((url) => URL.canParse(url) && new URL(url).port === String(wanted))
  )
}

/**
 * Whether a server still runs. Its process id alone does not say so: ids are used again, and a process that has ended
 * keeps its own until its parent asks for it. Windows takes a second to tell more; there the id has to do.
 */
export function isRunning(server: ServerProcess): boolean {
  const isTold = process.platform !== 'win32' && server.script !== ''
  return isTaken(server.pid) && (!isTold || isThatServer(server))
}

/** Whether the process with the id of a server runs the script that the server was started from, since the server's start. */
export function isThatServer({ pid, script, cwd, processStart: started }: ServerProcess): boolean {
  if (script === '') return false
  if (started !== undefined && started !== (processStart(pid) ?? started)) return false
  if (process.platform !== 'linux') return commandLineOf(pid).includes(basename(script))
  // The script was typed from the folder in which the server was started.
  return argumentsOf(pid).some((word) => word !== '' && resolve(cwd, word) === script)
}

/** Asks a process to end. One that is stopped (^Z) notices that only when it is continued. */
export function terminate(pid: number): void {
  process.kill(pid, 'SIGTERM')
  if (process.platform === 'win32') return
  try {
    process.kill(pid, 'SIGCONT')
  } catch {
    // It has ended already.
  }
}

/** Whether there is a process with this id, be it another user's. */
function isTaken(pid: number): boolean {
  try {
    return process.kill(pid, 0)
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM'
  }
}

function argumentsOf(pid: number): string[] {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0')
  } catch {
    return []
  }
}

function commandLineOf(pid: number): string {
  const [program, words] =
    process.platform === 'win32'
      ? [powershell, ['-NoProfile', '-Command', `(Get-CimInstance Win32_Process -Filter ProcessId=${pid}).CommandLine`]]
      : ['ps', ['-ww', '-o', 'args=', '-p', String(pid)]]
  try {
    return execFileSync(program as string, words as string[], {
      encoding: 'utf8',
      windowsHide: true,
      stdio: ['ignore', 'pipe', 'ignore'],
    })
  } catch {
    return ''
  }
}
