/** The process that holds a port, as far as the system shows it. */
export interface Holder {
  /** Where it listens, for example `127.0.0.1` or `::`. */
  readonly address: string
  /** Process id, undefined when it is hidden. */
  readonly pid: number | undefined
  /** Short name of the program, for example `node`. */
  readonly name: string | undefined
  /** What it runs, for example `vite`; undefined when the name says enough. */
  readonly command: string | undefined
  /** Owner's user id where the process is hidden. */
  readonly uid: number | undefined
  /**
   * Why the process is hidden. `user`: it belongs to another user. `elsewhere`: it belongs to this user, in a container
   * or another pid namespace, or has capabilities, which hide it. `search`: the search took too long. `closing`: the
   * process has ended, and the kernel keeps its closed connection for a minute. Absent when the process is known.
   */
  readonly hidden?: 'user' | 'elsewhere' | 'search' | 'closing'
}

/** A listening socket and the process behind it. */
export interface PortHolder {
  readonly address: string
  readonly port: number
  readonly holder: Omit<Holder, 'address'>
}

/** A port that could not be bound, before we know which process holds it. */
export type Miss = Pick<SkippedPort, 'port' | 'code'>

/** A port that we tried and could not use. */
export interface SkippedPort {
  readonly port: number
  readonly code: 'EADDRINUSE' | 'EACCES'
  readonly holder: Holder | undefined
  /** A sentence for people: `8008 is in use by node (pid 4242: vite)`, `591 needs administrator rights`. */
  readonly reason: string
}
