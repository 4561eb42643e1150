/** One command of a change, as words: no shell ever reads them. */
export interface Step {
  readonly argv: readonly string[]
  readonly as: 'user' | 'root'
  /** It only clears the way, and there may be nothing to clear. */
  readonly mayFail?: boolean
}

/** How a store stands to our authority: `outdated` is one that trusts another of the same user. */
export type TrustStatus = 'trusted' | 'outdated' | 'absent'

/** The authority, as the stores know it. */
export interface Subject {
  /** Absolute path of its certificate. */
  readonly file: string
  /** The certificate in PEM, or undefined where there is no authority (any more). */
  readonly cert: string | undefined
  /** SHA-1 in upper-case hex, by which macOS and Windows name a certificate. */
  readonly fingerprint: string | undefined
  /** The common name of what this user makes on this machine, by which one is found whose certificate is lost. */
  readonly label: string
  /** The name under which stores keep it: `serve8008-USER`. */
  readonly alias: string
}

/** A place where programs look up whom to trust. */
export interface TrustStore {
  /** For people, such as `Debian`. */
  readonly name: string
  /** Whether it is on this machine, and what we lack to change it, as a sentence. */
  find(): Promise<{ readonly present: boolean; readonly lacks?: string }>
  status(): Promise<TrustStatus>
  /** The commands that add the authority, over an older one of the same user. */
  install(): readonly Step[]
  /** The commands that take it out again. */
  remove(): readonly Step[]
}

/** What a store asks of the machine. */
export interface Host {
  /** As `process.platform`. */
  readonly platform: string
  readonly home: string
  /** `JAVA_HOME`. */
  readonly javaHome: string | undefined
  /** Runs a program that only looks. `code` is undefined where there is no such program. */
  run(argv: readonly string[]): Promise<{ readonly code: number | undefined; readonly stdout: string }>
  has(path: string): boolean
  /** The text of a file, or undefined. */
  read(path: string): string | undefined
  /** The names in a folder; none where there is no such folder. */
  list(folder: string): readonly string[]
  canWrite(path: string): boolean
}
