import { run, type Run } from '../../net/owners/owners.ts'
import { noDetails, type ProcessSource, type RawProcess } from './source.ts'

/** Parses `ps -A -o pid=,ppid=,uid=,etime=,state=,user=,comm=`. The last column is a path, which may hold spaces. */
export function parsePs(text: string, now: number = Date.now()): Map<number, RawProcess> {
  const processes = new Map<number, RawProcess>()
  for (const line of text.split('\n')) {
    const [, pid, ppid, uid, elapsed = '', state = '', user, program] =
      /^\s*(\d+)\s+(\d+)\s+(-?\d+)\s+([\d:-]+)\s+(\S+)\s+(\S+)\s+(.+?)\s*$/.exec(line) ?? []
    if (program === undefined) continue
    const seconds = parseElapsed(elapsed)
    processes.set(Number(pid), {
      pid: Number(pid),
      ppid: Number(ppid),
      uid: Number(uid),
      user,
      executable: program,
      argv: [],
      comm: undefined,
      startedAt: seconds === undefined ? undefined : new Date(now - seconds * 1000),
      stopped: state.startsWith('T'),
    })
  }
  return processes
}

/** Seconds of `[[days-]hours:]minutes:seconds`, which every ps writes alike in every language. */
export function parseElapsed(text: string): number | undefined {
  const [, days = '0', hours = '0', minutes, seconds] = /^(?:(?:(\d+)-)?(\d+):)?(\d+):(\d+)$/.exec(text) ?? []
  if (minutes === undefined) return undefined
  return ((Number(days) * 24 + Number(hours)) * 60 + Number(minutes)) * 60 + Number(seconds)
}

/** Parses `ps -A -ww -o pid=,args=`. Arguments with spaces cannot be told from several. */
export function parsePsArguments(text: string): Map<number, readonly string[]> {
  return new Map(
    text.split('\n').flatMap((line): [number, readonly string[]][] => {
      const [, pid, args] = /^\s*(\d+)\s+(.+?)\s*$/.exec(line) ?? []
      return args === undefined ? [] : [[Number(pid), args.split(/\s+/)]]
    }),
  )
}

/** Parses `lsof -d cwd -F pn`: the working folder of each process. */
export function parseFolders(text: string): Map<number, string> {
  const folders = new Map<number, string>()
  let pid = Number.NaN
  for (const line of text.split('\n')) {
    if (line.startsWith('p')) pid = Number(line.slice(1))
    // A folder that is hidden is followed by the reason in parentheses.
    else if (line.startsWith('n/') && !line.endsWith(')')) folders.set(pid, line.slice(1))
  }
  return folders
}

/**
 * Reads processes with ps and lsof (macOS, BSD), all at once.
 *
 * @param pids the processes whose details are asked for
 * @param ms most milliseconds
 */
export function psSource(pids: readonly number[], ms: number, execute: Run = run): ProcessSource {
  const table = execute('ps', ['-A', '-o', 'pid=,ppid=,uid=,etime=,state=,user=,comm='], ms).then((text) =>
    parsePs(text),
  )
  const commands = execute('ps', ['-A', '-ww', '-o', 'pid=,args='], ms).then(parsePsArguments)
  const folders = execute('lsof', ['-a', '-d', 'cwd', '-p', pids.join(','), '-F', 'pn'], ms).then(parseFolders)
  return {
    find: async (pid) => {
      const found = (await table).get(pid)
      return found && { ...found, argv: (await commands).get(pid) ?? [] }
    },
    details: async (pid) => ({ ...noDetails, cwd: (await folders).get(pid) }),
  }
}
