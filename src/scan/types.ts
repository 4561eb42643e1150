/** A group of listening sockets with one port and one owner. Two owners of a port, one for each family, are two groups. */
export interface OpenPort {
  readonly port: number
  /** The addresses that accept connections, as text without brackets: `127.0.0.1`, `::`. */
  readonly addresses: readonly string[]
  /** Process id, undefined when the system hides it from this user. */
  readonly pid: number | undefined
  /** Owner's user id, undefined where the system does not say. */
  readonly uid: number | undefined
  /**
   * Why `pid` is undefined. `user`: the process belongs to another user. `elsewhere`: it belongs to this user, in a
   * container or another pid namespace, or has capabilities, which hide it. `search`: the search took too long. Absent
   * when the process is known.
   */
  readonly hidden?: 'user' | 'elsewhere' | 'search'
  /** Connections that clients have open now. */
  readonly clients: number
}

/** A listening port and the process behind it. */
export interface PortOwner extends OpenPort {
  /** Undefined where the process is hidden, and for one that ended meanwhile. */
  readonly process: ProcessInfo | undefined
}

/** Who can open a connection, as far as the address says: a firewall may stop them. */
export type Reach = 'machine' | 'lan' | 'everyone'

/** The project that a process works in. */
export interface Project {
  /** Its own name, or that of its folder. */
  readonly name: string
  readonly folder: string
  /** The file that names it: `package.json`, `pyproject.toml`, `go.mod`, `Cargo.toml`, `composer.json` or `.git`. */
  readonly file: string
}

/** A program that starts a process again when it ends. */
export interface Supervisor {
  /** For example `systemd`, `nodemon`, `pm2`, `Docker`. */
  readonly name: string
  readonly pid: number | undefined
  /** The command that stops the process for good, undefined where none is known. */
  readonly stop: string | undefined
}

/** The container that a process runs in, or that a proxy of Docker or Podman forwards to. */
export interface Container {
  readonly id: string
  /** Undefined where the socket of the container engine is not readable, as the image. */
  readonly name: string | undefined
  readonly image: string | undefined
  /** The Compose project. */
  readonly compose: string | undefined
  /** The engine that runs it, undefined where nothing tells. */
  readonly engine: 'docker' | 'podman' | undefined
}

/** What the system says about a process. A value that it hides is undefined. */
export interface ProcessInfo {
  readonly pid: number
  readonly ppid: number | undefined
  /** Its parents, the nearest first, without the first process of the system. */
  readonly parents: readonly { readonly pid: number; readonly program: string }[]
  readonly user: string | undefined
  readonly uid: number | undefined
  /** Short name, for example `node`. */
  readonly program: string | undefined
  /** What it runs, for example `vite`, without arguments that may be secrets. */
  readonly command: string | undefined
  readonly cwd: string | undefined
  readonly project: Project | undefined
  /** The systemd unit, for example `nginx.service`; undefined for a user's session. */
  readonly unit: string | undefined
  readonly container: Container | undefined
  readonly supervisor: Supervisor | undefined
  readonly startedAt: Date | undefined
  /** What it is, where ending it may lose work or data: `serve8008 free` refuses it. */
  readonly role: 'shell' | 'editor' | 'database' | undefined
  /** Whether a signal or a terminal has stopped it (SIGSTOP, ^Z): it answers nothing until `kill -CONT`. */
  readonly stopped: boolean
}

/** What answers on a port. */
export interface Identity {
  readonly protocol: {
    /** What it speaks: `http`, `ssh`, `mysql`, `redis` and so on; `tls` where only that is known. Undefined when it does not tell. */
    readonly name: string | undefined
    /** Whether it answers a TLS handshake. */
    readonly tls: boolean
    /** The protocol that TLS negotiates, for example `h2`. */
    readonly alpn: string | undefined
    /** `1.0`, `1.1`, `2`, or undefined for a server that does not speak HTTP. */
    readonly http: string | undefined
  }
  /** Its name as its users know it, for example `Vite`; undefined when nothing tells. */
  readonly product: string | undefined
  readonly version: string | undefined
  /** What was seen that tells, each as one printable line: `GET /@vite/client: 200 text/javascript`. */
  readonly evidence: readonly string[]
}

/** How bad a finding is. `danger`: others can read or run what they should not. `warning`: a fault. `note`: worth knowing. */
export type Severity = 'danger' | 'warning' | 'note'

/** Something about a port that its owner should know. */
export interface Finding {
  /** For example `S8008_OPEN_RELAY`. */
  readonly code: string
  readonly severity: Severity
  /** A sentence that says what was seen and why it matters. */
  readonly why: string
  /** One command or sentence that fixes it. */
  readonly fix: string
}

/** One row of a scan. Its keys are those of `serve8008 scan --json`. */
export interface ScannedPort extends PortOwner {
  readonly families: readonly ('ipv4' | 'ipv6')[]
  readonly reach: Reach
  readonly identity: Identity
  readonly findings: readonly Finding[]
}
