import { execFileSync } from 'node:child_process'
import { readdirSync } from 'node:fs'
import { setTimeout as pause } from 'node:timers/promises'
import { processStart } from '../../control/server-registry.ts'
import { ServeError } from '../../core/serve-error.ts'
import { formatSince } from '../../core/util/format-time.ts'
import { printable, printableJson } from '../../core/util/sanitize.ts'
import { openPorts, ownerName, portOwners, processInfo, loadSelfTest, type PortOwner } from '../../scan/scan.ts'
import { isOn, type Command } from '../args/command.ts'
import { displayPath } from '../output/display.ts'
import type { Program } from '../process-io.ts'
import type { Reporter } from '../output/reporter.ts'
import { runningServers, terminate } from '../server-process.ts'
import { holdersOf, refusalOf, type Asking, type Stoppable } from './free-refusal.ts'
import { canPrompt, confirm } from './prompt.ts'
import { endServer } from './stop.ts'

/** Milliseconds that a program gets to end. */
const patienceMs = 5000
/** Milliseconds between the first two looks, doubled up to the second value: most programs end at once. */
const [firstLookMs, lastLookMs] = [50, 800]
/** Milliseconds after which a supervisor has started the program again. */
const againMs = 2000
/** Most processes that share one listening socket and are stopped one after the other. */
const mostRounds = 16

/** Milliseconds to find the process of a port: on a busy machine a wrong answer is worse than a late one. */
const searchMs = 10_000

/**
 * Stops what listens on a port, after a question. With --json one line:
 * `{ "port", "free", "stopped": [{ "pid", "program", "command" }], "left": [] }`. `left` are programs that --pid did not
 * name and that listen on the port too, on other addresses; `free` is false then.
 *
 * @throws ServeError `E8008_PORT_HELD` (3) for a process that is hidden, refused, ignores the signal or came back,
 *   `E8008_USAGE` without a terminal and without --yes.
 */
export async function freePort(port: number, command: Command, program: Program, report: Reporter): Promise<number> {
  const { values, json, quiet } = command
  const say = (text: string): void => {
    if (!json && !quiet) report.print(text)
  }
  const [first, ...others] = await ownersOf(port)
  if (first === undefined) return nothing(port, command, report)
  const asking = await whoAsks(values.get('pid'))
  const holders = holdersOf([first, ...others], asking, (pid) => typedCommand(port, command, { pid }))
  say(holders.map((holder) => describe(holder, program.cwd)).join(''))
  if (!isOn(values, 'yes')) {
    if (json || !canPrompt(program)) {
      throw new ServeError('E8008_USAGE', 'This is not a terminal, so nothing was stopped without a confirmation.', {
        hint: typedCommand(port, command, { yes: true }),
      })
    }
    if (!(await confirm(holders.length === 1 ? 'Stop it?' : 'Stop them?', program))) return 1
  }
  const isOlder = processesNow()
  const stopped: Stoppable[] = []
  let round: readonly Stoppable[] = holders
  // Workers that a program forked keep its socket. They are older than our look; what is newer was started again.
  for (let i = 0; round.length > 0 && i < mostRounds; i++) {
    for (const holder of round) {
      await stopHolder(holder, command, program)
      stopped.push(holder)
    }
    const left = (await ownersOf(port)).filter(({ pid }) => asking.named === undefined || pid === asking.named)
    round = left.filter((each): each is Stoppable => isOlder(each) && refusalOf(each, asking) === undefined)
  }
  await pause(againMs)
  const left = await ownersOf(port)
  const again = left.find((owner) => !isOlder(owner) && isSuccessor(owner, stopped, asking))
  if (again !== undefined) throw takenAgain(again, stopped, command)
  const still = `Port ${port} is still in use by ${left.map((each) => `${ownerName(each)} on ${each.addresses.join(', ')}`).join(' and ')}.`
  const text = `Stopped ${stopped.map(ownerName).join(', ')}.`
  // Something that we did not stop: a process that is refused may have inherited the socket.
  if (left[0] !== undefined && asking.named === undefined) throw notFreed(left[0], `${text} ${still}`, asking, command)
  if (json) {
    const facts = { port, free: left.length === 0, stopped: stopped.map(factsOf), left: left.map(factsOf) }
    report.print(`${printableJson(facts)}\n`)
  } else say(left.length === 0 ? `Port ${port} is free.\n` : printable(`${text} ${still}`) + '\n')
  return 0
}

function ownersOf(port: number): Promise<PortOwner[]> {
  return portOwners({ ports: [port], ms: searchMs })
}

function factsOf({ pid, process: its }: PortOwner): object {
  return { pid: pid ?? null, program: its?.program ?? null, command: its?.command ?? null }
}

/**
 * The typed command for another process, with --force, or with --yes. What was typed stays: without a terminal, a
 * hint without --yes would not run.
 */
function typedCommand(
  port: number,
  { values }: Command,
  change: { readonly pid?: number; readonly force?: true; readonly yes?: true },
): string {
  const named = change.pid ?? namedPid(values.get('pid'))
  const flags = ['force', 'yes'] as const
  return [
    `serve8008 free ${port}`,
    ...(named === undefined ? [] : [`--pid ${named}`]),
    ...flags.filter((flag) => change[flag] === true || isOn(values, flag)).map((flag) => `--${flag}`),
  ].join(' ')
}

/** Whether an owner has the port of a process that was stopped: with --pid, other addresses have other owners. */
function isSuccessor({ addresses }: PortOwner, stopped: readonly Stoppable[], { named }: Asking): boolean {
  return named === undefined || stopped.some((each) => each.addresses.some((address) => addresses.includes(address)))
}

/** Tells the processes that run now from those that start later. */
function processesNow(): (owner: PortOwner) => boolean {
  const now = Date.now()
  const { platform } = process
  // Windows has neither fork nor a list that is read at once, but exact times. Elsewhere a start time is up to a second early.
  if (platform === 'win32') return ({ process: its }) => its?.startedAt !== undefined && its.startedAt.getTime() < now
  const words =
    platform === 'linux'
      ? readdirSync('/proc')
      : execFileSync('ps', ['-A', '-o', 'pid='], { encoding: 'utf8' }).split('\n')
  const pids = new Set(words.map(Number))
  return ({ pid }) => pid !== undefined && pids.has(pid)
}

/** Nothing that we see listens there; a port may still be held. */
async function nothing(port: number, { json, quiet }: Command, report: Reporter): Promise<number> {
  const { testPorts } = await loadSelfTest()
  const [miss] = await testPorts([port], { host: 'localhost', lan: false })
  if (miss?.code === 'EADDRINUSE') {
    throw new ServeError('E8008_PORT_HELD', `Port ${miss.reason}. Nothing that you could stop listens there.`, {
      hint: 'serve8008 --port 0',
    })
  }
  if (json) report.print(`${printableJson({ port, free: true, stopped: [], left: [] })}\n`)
  else if (!quiet) report.print(`Nothing listens on port ${port}.\n`)
  return 0
}

/** The process that --pid names. @throws ServeError `E8008_USAGE` for what is no id */
function namedPid(pids: unknown): number | undefined {
  const text = Array.isArray(pids) ? String(pids.at(-1)) : undefined
  if (text === undefined || /^[1-9]\d{0,9}$/.test(text)) return text === undefined ? undefined : Number(text)
  throw new ServeError('E8008_USAGE', `--pid: "${text}" is not the id of a process.`, {
    hint: 'serve8008 free PORT --pid PID',
  })
}

async function whoAsks(pids: unknown): Promise<Asking> {
  const named = namedPid(pids)
  const own = (await processInfo([process.pid])).get(process.pid)
  const chain = new Set([process.pid, ...(own?.parents ?? []).map(({ pid }) => pid)])
  return { uid: process.getuid?.(), chain, container: own?.container?.id, named }
}

/** What it is, where it works, and what starts it again. */
function describe(holder: Stoppable, cwd: string): string {
  const { port, addresses, clients, process: its } = holder
  const { project, startedAt, stopped, supervisor, user } = its ?? {}
  const rows: [string, string | undefined][] = [
    ['Port', `${port} on ${addresses.join(', ')}`],
    ['Program', ownerName(holder)],
    ['Folder', its?.cwd === undefined ? undefined : displayPath(its.cwd, cwd)],
    ['Project', project?.name],
    ['User', user],
    ['Since', startedAt === undefined ? undefined : formatSince(startedAt.getTime(), Date.now())],
    [
      'State',
      stopped === true ? `stopped (^Z or SIGSTOP); to continue it instead: kill -CONT ${holder.pid}` : undefined,
    ],
    ['Clients', clients === 0 ? undefined : `${clients} connected; they are not stopped`],
    ['Again', supervisor === undefined ? undefined : againText(supervisor)],
  ]
  return rows
    .flatMap(([label, text]) => (text === undefined ? [] : [`  ${label.padEnd(8)} ${printable(text)}\n`]))
    .join('')
}

function againText({ name, stop }: { readonly name: string; readonly stop: string | undefined }): string {
  return `${name} starts it again${stop === undefined ? '' : `; to stop that instead: ${stop}`}`
}

/** Stops one process and waits until it no longer listens. A server of ours finishes its replies first. */
async function stopHolder(holder: Stoppable, command: Command, program: Program): Promise<void> {
  const { port, pid } = holder
  const own = runningServers(program.env).find((server) => server.pid === pid)
  await checkSame(holder, command)
  if (own !== undefined) return endServer(own, program)
  signal(pid, false)
  if (await isGone(port, pid)) return
  if (!isOn(command.values, 'force')) {
    throw new ServeError(
      'E8008_PORT_HELD',
      `${ownerName(holder)} ignores SIGTERM: port ${port} is still in use after 5 s.`,
      {
        hint: typedCommand(port, command, { force: true }),
      },
    )
  }
  await checkSame(holder, command)
  signal(pid, true)
  if (await isGone(port, pid)) return
  throw new ServeError('E8008_PORT_HELD', `${ownerName(holder)} does not end: port ${port} is still in use.`, {
    hint: `ps -fp ${pid}`,
  })
}

/** Process ids are used again: between the look and the signal it may have become another process. */
async function checkSame({ pid, port, process: its }: Stoppable, command: Command): Promise<void> {
  const now = (await processInfo([pid])).get(pid)
  if (now !== undefined && now.startedAt?.getTime() === its?.startedAt?.getTime()) return
  throw new ServeError('E8008_PORT_HELD', `Process ${pid} has ended or is another one by now. Nothing was stopped.`, {
    hint: typedCommand(port, command, {}),
  })
}

function signal(pid: number, isForced: boolean): void {
  try {
    if (process.platform !== 'win32') {
      if (isForced) process.kill(pid, 'SIGKILL')
      else terminate(pid)
    } else {
      const words = ['/PID', String(pid), ...(isForced ? ['/F'] : [])]
      execFileSync('C:\\Windows\\System32\\taskkill.exe', words, { stdio: 'ignore', windowsHide: true })
    }
  } catch {
    // It has ended meanwhile, or Windows refuses: the wait that follows tells.
  }
}

async function isGone(port: number, pid: number): Promise<boolean> {
  const deadline = performance.now() + patienceMs
  const start = processStart(pid)
  for (let lookMs = firstLookMs; ; lookMs = Math.min(lookMs * 2, lastLookMs)) {
    const open = await openPorts({ ports: [port], ms: searchMs })
    if (!open.some((each) => each.pid === pid) || processStart(pid) !== start) return true
    if (performance.now() > deadline) return false
    await pause(lookMs)
  }
}

/** The error for a port that something took again. */
function takenAgain(owner: PortOwner, stopped: readonly Stoppable[], command: Command): ServeError {
  const { port } = owner
  const supervisor =
    owner.process?.supervisor ?? stopped.map(({ process: its }) => its?.supervisor).find((its) => its !== undefined)
  const why = supervisor === undefined ? '' : ` ${supervisor.name} started it again.`
  const message = `Port ${port} was free for a moment and is in use again by ${ownerName(owner)}.${why}`
  const pid = command.values.has('pid') ? owner.pid : undefined
  return new ServeError('E8008_PORT_HELD', message, {
    hint: supervisor?.stop ?? typedCommand(port, command, pid === undefined ? {} : { pid }),
  })
}

/** The error for a port that was never free. */
function notFreed(owner: PortOwner, text: string, asking: Asking, command: Command): ServeError {
  const refusal = refusalOf(owner, asking)
  const why = refusal === undefined ? '' : ` ${refusal.why}, so it was not stopped.`
  const { pid, port } = owner
  return new ServeError('E8008_PORT_HELD', `${text}${why}`, {
    hint: refusal?.instead ?? typedCommand(port, command, pid === undefined ? {} : { pid }),
  })
}
