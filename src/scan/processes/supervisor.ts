import { printable } from '../../core/util/sanitize.ts'
import { shellQuote } from '../../core/util/shell-quote.ts'
import type { Container, Supervisor } from '../types.ts'
import type { CgroupFacts } from './cgroup.ts'
import type { RawProcess } from './source.ts'

/** What is known when the supervisor of a process is looked for. */
export interface SupervisedProcess {
  /** The parents with their names, the nearest first, without the first process of the system. */
  readonly parents: readonly NamedProcess[]
  /** How its supervisor names it in its environment. */
  readonly names: Readonly<Record<string, string>>
  readonly unit: CgroupFacts['unit']
  readonly container: Container | undefined
  /** Whether commands for the system need no sudo. */
  readonly isRoot: boolean
  readonly platform: NodeJS.Platform
}

/** A process with the name and the command by which its user knows it. */
export interface NamedProcess extends RawProcess {
  readonly name: string | undefined
  readonly command: string | undefined
}

/** Programs that start their child again, by their name. Ending one ends its child. */
const watchers: ReadonlySet<string> = new Set([
  'nodemon',
  'ts-node-dev',
  'node-dev',
  'turbo',
  'concurrently',
  'forever',
  'foreman',
  'honcho',
  'overmind',
  'hivemind',
  'process-compose',
  'watchexec',
  'cargo-watch',
  'air',
])

/** Programs that people log in with, or that run jobs: a unit that holds them supervises none of the programs in it. */
const sessions = /^(?:sshd|sshd-session|dropbear|login|agetty|cron|crond|atd|tmux|screen)$/

/** The program that starts a process again when it ends, undefined when none is known. */
export function findSupervisor(process: SupervisedProcess): Supervisor | undefined {
  const { parents, unit, container, isRoot } = process
  if (container !== undefined) return containerSupervisor(container)
  for (const parent of parents) {
    const found = supervisorFrom(parent, process)
    if (found !== undefined) return found
  }
  if (unit === undefined || parents.some(({ name }) => sessions.test(name ?? ''))) return undefined
  const scope = unit.isOfUser ? 'systemctl --user' : isRoot ? 'systemctl' : 'sudo systemctl'
  return { name: 'systemd', pid: undefined, stop: `${scope} stop ${shellQuote(printable(unit.name))}` }
}

/** The engine of a container, which starts it again. */
export function containerSupervisor({ id, name, engine }: Container): Supervisor | undefined {
  if (engine === undefined) return undefined
  const product = engine === 'docker' ? 'Docker' : 'Podman'
  return { name: product, pid: undefined, stop: `${engine} stop ${shellQuote(name ?? id.slice(0, 12))}` }
}

/** What a parent does when the process ends. */
function supervisorFrom(parent: NamedProcess, { names, platform }: SupervisedProcess): Supervisor | undefined {
  const { pid, argv, name = '', command = '' } = parent
  const supervisor = (title: string, stop: string | undefined): Supervisor => ({ name: title, pid, stop })
  const end = platform === 'win32' ? `taskkill /PID ${pid} /T` : `kill ${pid}`
  // A title such as `foreman: master` names the program before the colon.
  const tool = (command === '' ? name : command).split(/[\s:]/)[0] as string
  if (/^PM2 v.*God Daemon/.test(argv[0] ?? '')) {
    const id = names['pm_id']
    return supervisor('pm2', id === undefined ? undefined : `pm2 delete ${shellQuote(printable(id))}`)
  }
  if (tool === 'supervisord' || name === 'supervisord') {
    const program = names['SUPERVISOR_PROCESS_NAME']
    const group = names['SUPERVISOR_GROUP_NAME']
    const full = group === undefined || group === program ? program : `${group}:${program}`
    return supervisor('supervisord', full && `supervisorctl stop ${shellQuote(printable(full))}`)
  }
  if (name === 'runsv' && argv[1] !== undefined) return supervisor('runit', `sv down ${shellQuote(printable(argv[1]))}`)
  if (watchers.has(tool) || watchers.has(name)) return supervisor(watchers.has(tool) ? tool : name, end)
  if (/^tsx watch\b/.test(command)) return supervisor('tsx watch', end)
  const isWatching = name === 'node' && argv.some((arg) => /^--watch(?:-path(?:=.*)?)?$/.test(arg))
  return isWatching ? supervisor('node --watch', end) : undefined
}
