/** A process as the system shows it, before anything is concluded. Texts are raw: they are made printable where they are used. */
export interface RawProcess {
  readonly pid: number
  readonly ppid: number | undefined
  readonly uid: number | undefined
  /** The name of its user, undefined where it is to be looked up by `uid`. */
  readonly user: string | undefined
  /** Path of the running program; undefined when we may not read it. */
  readonly executable: string | undefined
  /** Arguments, the program itself first. */
  readonly argv: readonly string[]
  /** Short name that the kernel keeps. */
  readonly comm: string | undefined
  readonly startedAt: Date | undefined
  /** Whether a signal or a terminal has stopped it (SIGSTOP, ^Z): it runs on after SIGCONT. */
  readonly stopped: boolean
}

/** What is read of a process itself, not of its parents. */
export interface ProcessDetails {
  readonly cwd: string | undefined
  /** What stands before its paths so that they lead into its own file system: `/proc/42/root` in a container, else empty. */
  readonly root: string
  /** Path of its control group, such as `/system.slice/nginx.service`. */
  readonly cgroup: string | undefined
  /** How its supervisor names it in its environment. No other variable is kept. */
  readonly names: Readonly<Record<string, string>>
}

/** Reads processes of one system. */
export interface ProcessSource {
  /** Undefined for a process that ended or is not visible. */
  find(pid: number): Promise<RawProcess | undefined>
  details(pid: number): Promise<ProcessDetails>
}

/** A process of which nothing more is shown. */
export const noDetails: ProcessDetails = { cwd: undefined, root: '', cgroup: undefined, names: {} }
