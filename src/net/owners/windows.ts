import type { PortHolder } from '../types.ts'
import { processName } from './process-name.ts'
import { run, type Run } from './run.ts'

// By absolute path: Windows searches the current folder first, where a served project could plant a netstat.exe.
export const netstat = 'C:\\Windows\\System32\\netstat.exe'
export const tasklist = 'C:\\Windows\\System32\\tasklist.exe'

/** A TCP socket as netstat shows it. */
export interface NetstatSocket {
  readonly address: string
  readonly port: number
  /** 0 for a closed connection that waits for late packets. */
  readonly pid: number
  /** Whether it is a connection; else it listens. */
  readonly isConnection: boolean
}

/**
 * Parses `netstat -ano`. Windows translates the word for the state, so a listener is recognised by its remote port, which
 * is 0.
 */
export function parseNetstat(text: string): NetstatSocket[] {
  const sockets: NetstatSocket[] = []
  for (const line of text.split('\n')) {
    const [, local = '', port, remote, pid] = /^\s*TCP\s+(\S+):(\d+)\s+(\S+)\s.*?(\d+)\s*$/.exec(line) ?? []
    if (remote === undefined) continue
    const address = local.replace(/^\[|(?:%\d+)?\]$/g, '')
    sockets.push({ address, port: Number(port), pid: Number(pid), isConnection: !remote.endsWith(':0') })
  }
  return sockets
}

/** The program in the first line of `tasklist /FO CSV /NH`; undefined when it prints that there is no such process. */
export function parseTasklist(text: string): string | undefined {
  return /^\s*"([^"]+)","\d+"/.exec(text)?.[1]
}

/** Asks netstat and tasklist which processes listen on some ports. */
export async function windowsHolders(ports: readonly number[], execute: Run = run): Promise<PortHolder[]> {
  const sockets = parseNetstat(await execute(netstat, ['-ano'])).filter(
    ({ port, isConnection }) => !isConnection && ports.includes(port),
  )
  const pids = [...new Set(sockets.map(({ pid }) => pid))]
  const names = new Map(await Promise.all(pids.map(async (pid) => [pid, await programOf(pid, execute)] as const)))
  return sockets.map(({ address, port, pid }) => {
    const named = processName({ argv: [], comm: names.get(pid) })
    return { address, port, holder: { pid, ...named, uid: undefined } }
  })
}

async function programOf(pid: number, execute: Run): Promise<string | undefined> {
  // The kernel listens for services that share a port (IIS, WinRM) under its own process id.
  if (pid === 4) return 'http.sys'
  return parseTasklist(await execute(tasklist, ['/FI', `PID eq ${pid}`, '/FO', 'CSV', '/NH']))
}
