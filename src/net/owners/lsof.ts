import type { PortHolder } from '../types.ts'
import { processName } from './process-name.ts'
import { run, type Run } from './run.ts'

/** A socket as lsof shows it. */
export interface LsofSocket {
  /** Its own end. */
  readonly address: string
  readonly port: number
  readonly pid: number
  /** Undefined where the field was not asked for, as the name. */
  readonly uid: number | undefined
  readonly name: string | undefined
  /** Whether it is a connection; else it listens. */
  readonly isConnection: boolean
}

/**
 * Parses `lsof -F`: one field a line, its first character says which. `p` opens a process, `f` a descriptor of it.
 * The columns of the default output move between versions and are cut; these fields do not.
 */
export function parseLsof(text: string): LsofSocket[] {
  const sockets: LsofSocket[] = []
  let pid = Number.NaN
  let uid: number | undefined
  let name: string | undefined
  for (const line of text.split('\n')) {
    const value = line.slice(1)
    if (line.startsWith('p')) [pid, uid, name] = [Number(value), undefined, undefined]
    else if (line.startsWith('c')) name = value
    else if (line.startsWith('u')) uid = Number(value)
    else if (line.startsWith('n')) {
      const [local = '', remote] = value.split('->')
      const [, host, port] = /^(.*):(\d+)$/.exec(local) ?? []
      if (host === undefined || !Number.isInteger(pid)) continue
      const address = host.replace(/^\[|\]$/g, '')
      sockets.push({ address, port: Number(port), pid, uid, name, isConnection: remote !== undefined })
    }
  }
  return sockets
}

/** Asks lsof (macOS, BSD) which processes listen on some ports. It does not print processes that are hidden from us. */
export async function lsofHolders(ports: readonly number[], execute: Run = run): Promise<PortHolder[]> {
  const listening = [`-iTCP:${ports.join(',')}`, '-sTCP:LISTEN']
  const sockets = parseLsof(await execute('lsof', ['-nP', '+c', '0', ...listening, '-F', 'pcn']))
  const pids = [...new Set(sockets.map(({ pid }) => pid))]
  const commands = new Map(await Promise.all(pids.map(async (pid) => [pid, await argumentsOf(pid, execute)] as const)))
  return sockets.map(({ address, port, pid, name }) => {
    const named = processName({ executable: name, argv: commands.get(pid) ?? [], comm: name })
    return { address, port, holder: { pid, ...named, uid: undefined } }
  })
}

async function argumentsOf(pid: number, execute: Run): Promise<string[]> {
  const text = (await execute('ps', ['-ww', '-o', 'args=', '-p', String(pid)])).trim()
  return text === '' ? [] : text.split(/\s+/)
}
