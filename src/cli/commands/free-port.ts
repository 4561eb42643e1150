import { execFileSync } from 'node:child_process'
import { setTimeout as pause } from 'node:timers/promises'
import { processStart } from '../../control/control.ts'
import { ServeError } from '../../core/serve-error.ts'
import { formatSince } from '../../core/util/format-time.ts'
import { printable, printableJson } from '../../core/util/sanitize.ts'
import { openPorts, ownerName, portOwners, processInfo, testPorts, type PortOwner } from '../../scan/scan.ts'
import { isOn, type Command } from '../args/command.ts'
import { displayPath } from '../output/display.ts'
import type { Program } from '../process-io.ts'
import type { Reporter } from '../output/reporter.ts'
import { runningServers } from '../server-process.ts'
import { refusalOf, type Asking } from './free-refusal.ts'
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

/** A process that listens on the port, and may be stopped. */
type Holder = PortOwner & { readonly pid: number }

/**
 * Stops what listens on a port, after a question. With --json one line:
 * `{ "port", "free": true, "stopped": [{ "pid", "program", "command" }] }`.
 *
 * @throws ServeError `E8008_PORT_HELD` (3) for a process that is hidden, refused, ignores the signal or came back,
 *   `E8008_USAGE` without a terminal and without --yes.
 */
export async function freePort(port: number, command: Command, program: Program, report: Reporter): Promise<number> {
  const { values, json, quiet } = command
  const say = (text: string): void => {
    if (!json && !quiet) report.print(text)
  }
  const owners = await portOwners({ ports: [port], ms: searchMs })
  if (owners.length === 0) return nothing(port, command, report)
  const asking = await whoAsks(values.get('pid'))
  const holders = holdersOf(port, owners, asking)
  say(holders.map((holder) => describe(holder, program.cwd)).join(''))
  if (!isOn(values, 'yes')) {
    if (json || !canPrompt(program)) {
      const named = asking.named === undefined ? '' : ` --pid ${asking.named}`
      const hint = `serve8008 free ${port}${named} --yes`
      throw new ServeError('E8008_USAGE', 'This is not a terminal, so nothing was stopped without a confirmation.', {
        hint,
      })
    }
    if (!(await confirm(holders.length === 1 ? 'Stop it?' : 'Stop them?', program))) return 1
  }
  const lookedAt = Date.now()
  const stopped: Holder[] = []
  let round: readonly Holder[] = holders
  // Workers that a program forked keep its socket. They are older than our look; what is newer was started again.
  for (let i = 0; round.length > 0 && i < mostRounds; i++) {
    for (const holder of round) {
      await stopHolder(holder, command, program)
      stopped.push(holder)
    }
    const left = await wanted(port, asking)
    round = left.filter((each): each is Holder => isOlder(each, lookedAt) && refusalOf(each, asking) === undefined)
  }
  await pause(againMs)
  const again = await wanted(port, asking)
  if (again[0] !== undefined) throw takenAgain(port, again[0], stopped)
  const facts = stopped.map(({ pid, process: its }) => ({
    pid,
    program: its?.program ?? null,
    command: its?.command ?? null,
  }))
  if (json) report.print(`${printableJson({ port, free: true, stopped: facts })}\n`)
  else say(`Port ${port} is free.\n`)
  return 0
}

/** The owners that are meant, as far as they are left. */
async function wanted(port: number, { named }: Asking): Promise<PortOwner[]> {
  const owners = await portOwners({ ports: [port], ms: searchMs })
  return named === undefined ? owners : owners.filter(({ pid }) => pid === named)
}

function isOlder({ process: its }: PortOwner, time: number): boolean {
  return its?.startedAt !== undefined && its.startedAt.getTime() < time
}

/** Nothing that we see listens there; a port may still be held. */
async function nothing(port: number, { json, quiet }: Command, report: Reporter): Promise<number> {
  const [miss] = await testPorts([port], { host: 'localhost', lan: false })
  if (miss?.code === 'EADDRINUSE') {
    throw new ServeError('E8008_PORT_HELD', `Port ${miss.reason}. Nothing that you could stop listens there.`, {
      hint: 'serve8008 --port 0',
    })
  }
  if (json) report.print(`${printableJson({ port, free: true, stopped: [] })}\n`)
  else if (!quiet) report.print(`Nothing listens on port ${port}.\n`)
  return 0
}

async function whoAsks(pids: unknown): Promise<Asking> {
  const text = Array.isArray(pids) ? String(pids.at(-1)) : undefined
  if (text !== undefined && !/^[1-9]\d{0,9}$/.test(text)) {
    throw new ServeError('E8008_USAGE', `--pid: "${text}" is not the id of a process.`, { hint: 'serve8008 free 8008' })
  }
  const own = (await processInfo([process.pid])).get(process.pid)
  const chain = new Set([process.pid, ...(own?.parents ?? []).map(({ pid }) => pid)])
  return {
    uid: process.getuid?.(),
    chain,
    container: own?.container?.id,
    named: text === undefined ? undefined : Number(text),
  }
}

/** The processes to stop. @throws ServeError `E8008_PORT_HELD` when one of them is refused, so that none is stopped */
function holdersOf(port: number, owners: readonly PortOwner[], asking: Asking): Holder[] {
  const meant = asking.named === undefined ? owners : owners.filter(({ pid }) => pid === asking.named)
  if (meant.length === 0) {
    const pids = owners.flatMap(({ pid }) => pid ?? []).join(', ')
    throw new ServeError('E8008_PORT_HELD', `Process ${asking.named} does not listen on port ${port}.`, {
      hint: pids === '' ? `serve8008 free ${port}` : `serve8008 free ${port} --pid ${pids.split(', ')[0]}`,
    })
  }
  for (const owner of meant) {
    const refusal = refusalOf(owner, asking)
    if (refusal === undefined) continue
    const { pid, uid, process: its } = owner
    const who = ownerName(owner)
    const isForeign = pid === undefined || (asking.uid !== undefined && (its?.uid ?? uid) !== asking.uid)
    throw new ServeError(
      'E8008_PORT_HELD',
      `Port ${port} is in use by ${who}. ${refusal.why}, so it was not stopped.`,
      {
        hint: refusal.instead ?? (isForeign ? 'serve8008 --port 0' : `serve8008 free ${port} --pid ${pid}`),
      },
    )
  }
  return meant as Holder[]
}

/** What it is, where it works, and what starts it again. */
function describe(holder: Holder, cwd: string): string {
  const { port, addresses, clients, process: its } = holder
  const { project, startedAt, supervisor, user } = its ?? {}
  const rows: [string, string | undefined][] = [
    ['Port', `${port} on ${addresses.join(', ')}`],
    ['Program', ownerName(holder)],
    ['Folder', its?.cwd === undefined ? undefined : displayPath(its.cwd, cwd)],
    ['Project', project?.name],
    ['User', user],
    ['Since', startedAt === undefined ? undefined : formatSince(startedAt.getTime(), Date.now())],
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
async function stopHolder(holder: Holder, { values }: Command, program: Program): Promise<void> {
  const { port, pid } = holder
  const own = runningServers(program.env).find((server) => server.pid === pid)
  await checkSame(holder)
  if (own !== undefined) return endServer(own, program)
  signal(pid, false)
  if (await isGone(port, pid)) return
  if (!isOn(values, 'force')) {
    throw new ServeError(
      'E8008_PORT_HELD',
      `${ownerName(holder)} ignores SIGTERM: port ${port} is still in use after 5 s.`,
      {
        hint: `serve8008 free ${port} --force`,
      },
    )
  }
  await checkSame(holder)
  signal(pid, true)
  if (await isGone(port, pid)) return
  throw new ServeError('E8008_PORT_HELD', `${ownerName(holder)} does not end: port ${port} is still in use.`, {
    hint: `ps -fp ${pid}`,
  })
}

/** Process ids are used again: between the look and the signal it may have become another process. */
async function checkSame({ pid, port, process: its }: Holder): Promise<void> {
  const now = (await processInfo([pid])).get(pid)
  if (now !== undefined && now.startedAt?.getTime() === its?.startedAt?.getTime()) return
  throw new ServeError('E8008_PORT_HELD', `Process ${pid} has ended or is another one by now. Nothing was stopped.`, {
    hint: `serve8008 free ${port}`,
  })
}

function signal(pid: number, isForced: boolean): void {
  try {
    if (process.platform !== 'win32') process.kill(pid, isForced ? 'SIGKILL' : 'SIGTERM')
    else {
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
function takenAgain(port: number, owner: PortOwner, stopped: readonly Holder[]): ServeError {
  const supervisor =
    owner.process?.supervisor ?? stopped.map(({ process: its }) => its?.supervisor).find((its) => its !== undefined)
  const why = supervisor === undefined ? '' : ` ${supervisor.name} started it again.`
  return new ServeError(
    'E8008_PORT_HELD',
    `Port ${port} was free for a moment and is in use again by ${ownerName(owner)}.${why}`,
    {
      hint: supervisor?.stop ?? `serve8008 free ${port}`,
    },
  )
}
