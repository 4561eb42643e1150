import { run, tasklist, type Run } from '../../net/owners/owners.ts'
import { noDetails, type ProcessSource, type RawProcess } from './source.ts'

// By absolute path: Windows searches the current folder first, where a served project could plant a powershell.exe.
const powershell = 'C:\\Windows\\System32\\WindowsPowerShell\\v1.0\\powershell.exe'

/** Prints every process as JSON. The folder in which a process works is not among its properties. */
const script = `[Console]::OutputEncoding = [Text.Encoding]::UTF8
Get-CimInstance Win32_Process | Select-Object ProcessId, ParentProcessId, Name, ExecutablePath, CommandLine,
@{ n = 'Started'; e = { if ($_.CreationDate) { $_.CreationDate.ToUniversalTime().ToString('o') } } } |
ConvertTo-Json -Compress`

/** One process as the script prints it. */
interface CimProcess {
  readonly ProcessId: number
  readonly ParentProcessId: number
  readonly Name: string
  readonly ExecutablePath: string | null
  readonly CommandLine: string | null
  readonly Started: string | null
}

/** Parses the JSON of Win32_Process: an array, or one object for a single process. */
export function parseCimProcesses(text: string): Map<number, RawProcess> {
  let found: CimProcess[] = []
  try {
    found = [JSON.parse(text) as CimProcess | CimProcess[] | null].flat().filter((each) => each !== null)
  } catch {
    // A program that was stopped, or that may not run, has printed a part or nothing.
  }
  const all = new Map(found.map((each) => [each.ProcessId, each]))
  return new Map(
    found.map((each): [number, RawProcess] => {
      const { ProcessId: pid, ParentProcessId: ppid, Name, ExecutablePath, CommandLine, Started } = each
      // Windows keeps the id of a parent that ended, and gives ids again: a parent is older than its child.
      const parent = all.get(ppid)
      const isParent = parent !== undefined && (parent.Started ?? '') <= (Started ?? '')
      return [
        pid,
        {
          pid,
          ppid: isParent ? ppid : undefined,
          uid: undefined,
          user: undefined,
          executable: ExecutablePath ?? undefined,
          argv: splitCommandLine(CommandLine ?? ''),
          comm: Name,
          startedAt: Started === null ? undefined : new Date(Started),
          stopped: false,
        },
      ]
    }),
  )
}

/** Splits a command line as programs for Windows do, as far as people write them: quotes keep spaces. */
export function splitCommandLine(text: string): string[] {
  return [...text.matchAll(/(?:"[^"]*"|[^\s"])+/g)].map(([word]) => word.replaceAll('"', ''))
}

/** Parses `tasklist /FO CSV /NH`: names alone, for a machine without PowerShell. */
function parseTasks(text: string): Map<number, string> {
  return new Map(Array.from(text.matchAll(/^"([^"]+)","(\d+)"/gm), ([, name = '', pid]) => [Number(pid), name]))
}

/**
 * Reads processes with PowerShell, or where that does not answer, their names with tasklist.
 *
 * @param ms most milliseconds
 */
export function windowsSource(ms: number, execute: Run = run): ProcessSource {
  const arguments_ = ['-NoProfile', '-NonInteractive', '-Command', script]
  const table = execute(powershell, arguments_, ms).then(parseCimProcesses)
  const tasks = execute(tasklist, ['/FO', 'CSV', '/NH'], ms).then(parseTasks)
  return {
    find: async (pid) => {
      const found = (await table).get(pid)
      const name = found === undefined ? (await tasks).get(pid) : undefined
      if (name === undefined) return found
      const unknown = { ppid: undefined, uid: undefined, user: undefined, executable: undefined, startedAt: undefined }
      return { ...unknown, pid, argv: [], comm: name, stopped: false }
    },
    details: () => Promise.resolve(noDetails),
  }
}
