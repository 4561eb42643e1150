/** The process behind a port, as far as the system lets us see. */
export interface Holder {
  /** Process id, undefined when it is hidden. */
  readonly pid: number | undefined
  /** Short name of the program, for example `node`. */
  readonly name: string | undefined
  /** What it runs, for example `vite`; undefined when the name says it all. */
  readonly command: string | undefined
  /** Owner's user id where the process is hidden. */
  readonly uid: number | undefined
  /**
   * Why the process is hidden: it is another user's, it is ours in a container or another pid namespace, the search took
   * too long, or there is none any more and the kernel keeps a closed connection for a minute. Absent where it is not.
   */
  readonly hidden?: 'user' | 'elsewhere' | 'search' | 'closing'
}

/** A listening socket and the process behind it. */
export interface PortHolder {
  readonly address: string
  readonly port: number
  readonly holder: Holder
}

/** A port that was tried and could not be used. */
export interface SkippedPort {
  readonly port: number
  readonly code: 'EADDRINUSE' | 'EACCES'
  readonly holder: Holder | undefined
  /** A sentence for people: `8008 is in use by node (pid 4242: vite)`, `591 needs administrator rights`. */
  readonly reason: string
}
