import type { PortOwner } from '../../scan/scan.ts'

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

const shells = /^(?:ba|z|fi|da|k|tc|c)?sh$|^(?:pwsh|powershell|cmd|tmux|screen|zellij|login|sshd|sshd-session)\b/
const editors =
  /^(?:code|code-server|code-insiders|codium|cursor|zed|vim?|nvim|emacs|nano|subl|sublime_text|idea|webstorm|phpstorm|pycharm|goland|rubymine|rider)\b/
const databases =
  /^(?:postgres|postmaster|mysqld|mariadbd|redis-server|valkey-server|mongod|mongos|memcached|clickhouse|influxd|etcd|cockroach|sqlservr|neo4j|couchdb|beam\.smp)\b/
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
  if (its?.container !== undefined && its.container.id !== asking.container) return named('It runs in a container')
  if (engines.test(program)) return named('It forwards to a container')
  if (its?.unit !== undefined && instead?.includes('--user') !== true) return named(`It is the system's ${its.unit}`)
  if (shells.test(program)) return named('It is a shell')
  if (editors.test(program)) return named('It is an editor')
  if (databases.test(program)) return named('It is a database, which may lose data')
  return undefined
}
