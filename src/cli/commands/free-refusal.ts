import { ServeError } from '../../core/serve-error.ts'
import { ownerName, type PortOwner } from '../../scan/scan.ts'

/** A process that listens on the port, and may be stopped. */
export type Stoppable = PortOwner & { readonly pid: number }

/** Who asks for a port. */
export interface Asking {
  /** Own user id; undefined on Windows. */
  readonly uid: number | undefined
  /** This process and its parents: to stop one ends the command, or the terminal. */
  readonly chain: ReadonlySet<number>
  /** The container that this process runs in. */
  readonly container: string | undefined
  /** The process that the user named by --pid. */
  readonly named: number | undefined
}

/** Why a process is not stopped. */
export interface Refusal {
  /** A sentence. */
  readonly why: string
  /** The command that does it instead. */
  readonly instead: string | undefined
}

const roleTexts = {
  shell: 'It is a shell',
  editor: 'It is an editor',
  database: 'It is a database, which may lose data',
} as const
const engines =
  /^(?:docker-proxy|dockerd|containerd|com\.docker|rootlessport|rootlesskit|conmon|podman|wslrelay|vpnkit)/

/**
 * Why `free` does not stop a process: undefined where it may. What is refused may be named by --pid, but never a process
 * of another user.
 */
export function refusalOf({ pid, uid, process: its }: PortOwner, asking: Asking): Refusal | undefined {
  const instead = its?.supervisor?.stop
  const owner = its?.uid ?? uid
  if (pid === undefined) return { why: 'The system hides its process', instead }
  if (asking.uid !== undefined && owner !== asking.uid) {
    return { why: `It belongs to another user (${its?.user ?? `uid ${owner ?? 'unknown'}`})`, instead: undefined }
  }
  if (pid === asking.named) return undefined
  const named = (reason: string): Refusal => ({ why: reason, instead })
  if (pid === 1) return named('It is the first process of the system')
  if (asking.chain.has(pid)) return named('This command runs in it')
  const program = its?.program ?? ''
  if (engines.test(program)) return named('It forwards to a container')
  if (its?.container !== undefined && its.container.id !== asking.container) return named('It runs in a container')
  if (its?.unit !== undefined && instead?.includes('--user') !== true) return named(`It is the system's ${its.unit}`)
  return its?.role === undefined ? undefined : named(roleTexts[its.role])
}

/**
 * The processes to stop.
 *
 * @param owners At least one, all of one port.
 * @param again The typed command for another process.
 * @throws ServeError `E8008_PORT_HELD` when one of them is refused, so that none is stopped
 */
export function holdersOf(
  owners: readonly [PortOwner, ...PortOwner[]],
  asking: Asking,
  again: (pid: number) => string,
): Stoppable[] {
  const [{ port }] = owners
  const meant = asking.named === undefined ? owners : owners.filter(({ pid }) => pid === asking.named)
  if (meant.length === 0) throw notAnOwner(owners, asking, again)
  for (const owner of meant) {
    const refusal = refusalOf(owner, asking)
    if (refusal === undefined) continue
    const { pid, uid, process: its } = owner
    const isForeign = pid === undefined || (asking.uid !== undefined && (its?.uid ?? uid) !== asking.uid)
    const message = `Port ${port} is in use by ${ownerName(owner)}. ${refusal.why}, so it was not stopped.`
    throw new ServeError('E8008_PORT_HELD', message, {
      hint: refusal.instead ?? (isForeign ? 'serve8008 --port 0' : again(pid)),
    })
  }
  return meant as Stoppable[]
}

/** The error for a process that is none of the owners, as far as the system shows them. */
function notAnOwner(
  owners: readonly [PortOwner, ...PortOwner[]],
  { named }: Asking,
  again: (pid: number) => string,
): ServeError {
  const [{ port }] = owners
  const hidden = owners.find(({ pid }) => pid === undefined)
  const other = owners.find(({ pid }) => pid !== undefined)
  const message =
    hidden === undefined
      ? `Process ${named} does not listen on port ${port}.`
      : `The system hides the process of uid ${hidden.uid ?? 'unknown'} that listens on port ${port}. It may be process ${named}, so nothing was stopped.`
  return new ServeError('E8008_PORT_HELD', message, {
    hint: other?.pid === undefined ? 'serve8008 --port 0' : again(other.pid),
  })
}
