import { homeFolder } from '../../core/util/home.ts'
import { printable } from '../../core/util/sanitize.ts'
import { processName, type Run } from '../../net/owners/owners.ts'
import type { Container, ProcessInfo, Project } from '../types.ts'
import { readCgroup } from './cgroup.ts'
import { runningContainers, withoutPorts, type EngineSocket } from './containers.ts'
import { findProject } from './project.ts'
import { linuxSource } from './source-linux.ts'
import { psSource } from './source-ps.ts'
import { windowsSource } from './source-windows.ts'
import { roleOf } from './role.ts'
import type { ProcessDetails, ProcessSource, RawProcess } from './source.ts'
import { findSupervisor, type NamedProcess } from './supervisor.ts'
import { readUsers, type User } from './users.ts'

/** Milliseconds after which what is not known yet is left out. PowerShell alone takes half a second to start. */
const mostMs = 2000
/** Most parents of a process. */
const mostParents = 16
/** Longest name of a user or unit that is shown. */
const longestName = 80

/** Options of {@link processInfo}. */
export interface ProcessInfoOptions {
  readonly platform?: NodeJS.Platform
  /** Where Linux shows its processes. Default: `/proc`. */
  readonly proc?: string
  /** Runs the tools of other systems. */
  readonly execute?: Run
  /** Sockets of container engines. Default: where they listen by default. */
  readonly engines?: readonly EngineSocket[]
}

/**
 * What the system says about some processes. One that ended meanwhile, or is not visible, is absent. Never rejects.
 *
 * @param pids process ids, each once or more
 */
export async function processInfo(
  pids: Iterable<number>,
  options: ProcessInfoOptions = {},
): Promise<Map<number, ProcessInfo>> {
  const wanted = [...new Set(pids)]
  const found = new Map<number, ProcessInfo>()
  if (wanted.length === 0) return found
  const describe = await createDescriber(wanted, options)
  const timer = new AbortController()
  const late = new Promise<undefined>((resolve) => {
    const timeout = setTimeout(resolve, mostMs, undefined)
    timer.signal.addEventListener('abort', () => clearTimeout(timeout))
  })
  await Promise.all(
    wanted.map(async (pid) => {
      const info = await Promise.race([describe(pid), late])
      if (info !== undefined) found.set(pid, info)
    }),
  )
  timer.abort()
  return found
}

/** Makes the function that describes one process. What several of them share is read once. */
async function createDescriber(
  pids: readonly number[],
  { platform = process.platform, proc, execute, engines }: ProcessInfoOptions,
): Promise<(pid: number) => Promise<ProcessInfo | undefined>> {
  const source = sourceOf()
  const users = platform === 'win32' ? new Map<number, User>() : await readUsers()
  const find = memoize((pid: number) => source.find(pid))
  const containers = memoize(() => runningContainers(engines))
  const projects = new Map<string, Promise<Project | undefined>>()
  const ownHome = homeFolder()

  return async (pid) => {
    const raw = await find(pid)
    if (raw === undefined) return undefined
    const [parents, details] = await Promise.all([parentsOf(raw), source.details(pid)])
    const { name, command } = named(raw)
    const { unit, container: group } = readCgroup(details.cgroup)
    const [project, container] = await Promise.all([projectOf(raw, details), containerOf(raw, group)])
    const isRoot = process.getuid?.() === 0
    const supervisor = findSupervisor({ parents, names: details.names, unit, container, isRoot, platform })
    const user = raw.user ?? (raw.uid === undefined ? undefined : users.get(raw.uid)?.name)
    return {
      pid,
      ppid: raw.ppid === 0 ? undefined : raw.ppid,
      parents: parents.map((parent) => ({ pid: parent.pid, program: parent.name ?? '' })),
      user: user && printable(user, longestName),
      uid: raw.uid,
      program: name,
      command,
      cwd: details.cwd && printable(details.cwd),
      project,
      unit: unit && printable(unit.name, longestName),
      container,
      supervisor,
      startedAt: raw.startedAt,
      role: roleOf({ ...raw, name, command }),
      stopped: raw.stopped,
    }
  }

  function sourceOf(): ProcessSource {
    if (platform === 'linux') return linuxSource(proc)
    return platform === 'win32' ? windowsSource(mostMs, execute) : psSource(pids, mostMs, execute)
  }

  async function parentsOf(raw: RawProcess): Promise<NamedProcess[]> {
    const parents: NamedProcess[] = []
    const seen = new Set([raw.pid])
    let { ppid } = raw
    while (ppid !== undefined && ppid > 1 && !seen.has(ppid) && parents.length < mostParents) {
      seen.add(ppid)
      const parent = await find(ppid)
      if (parent === undefined) break
      parents.push({ ...parent, ...named(parent) })
      ppid = parent.ppid
    }
    return parents
  }

  function projectOf({ uid }: RawProcess, { cwd, root }: ProcessDetails): Promise<Project | undefined> {
    if (cwd === undefined) return Promise.resolve(undefined)
    const homes = new Set(
      [ownHome, uid === undefined ? undefined : users.get(uid)?.home].filter((home) => home !== undefined),
    )
    const key = `${root} ${cwd} ${uid}`
    const project = projects.get(key) ?? findProject(cwd, homes, root, platform)
    projects.set(key, project)
    return project
  }

  async function containerOf(
    { argv }: RawProcess,
    group: ReturnType<typeof readCgroup>['container'],
  ): Promise<Container | undefined> {
    const port = proxiedPort(argv)
    if (group === undefined && port === undefined) return undefined
    const running = await containers()
    const match = running.find(({ id, ports }) => (group ? id === group.id : ports.includes(port as number)))
    if (match !== undefined) return withoutPorts(match)
    return group && { id: group.id, name: undefined, image: undefined, compose: undefined, engine: group.engine }
  }
}

/** The port of this machine that a `docker-proxy` forwards into a container. */
function proxiedPort(argv: readonly string[]): number | undefined {
  const at = argv[0]?.endsWith('docker-proxy') === true ? argv.indexOf('-host-port') : -1
  return at === -1 ? undefined : Number(argv[at + 1])
}

function named({ executable, argv, comm }: RawProcess): Pick<NamedProcess, 'name' | 'command'> {
  return processName({ executable, argv, comm })
}

/** Keeps the result of each argument. */
function memoize<Value>(compute: (key: number) => Value): (key?: number) => Value {
  const values = new Map<number, Value>()
  return (key = 0) => {
    if (!values.has(key)) values.set(key, compute(key))
    return values.get(key) as Value
  }
}
