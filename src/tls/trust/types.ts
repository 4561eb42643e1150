/** One command of a change, as words. No shell reads them. */
export interface Step {
  readonly argv: readonly string[]
  readonly as: 'user' | 'root'
  /** A failure is ignored: the command removes an entry that may not exist. */
  readonly mayFail?: boolean
}

/** Whether a store trusts our authority. `outdated`: it trusts an older authority of the same user. */
export type TrustStatus = 'trusted' | 'outdated' | 'untrusted'

/** The authority, as trust stores need it. */
export interface Subject {
  /** Absolute path of its certificate. */
  readonly file: string
  /** The certificate in PEM, or undefined when there is no authority. */
  readonly cert: string | undefined
  /** SHA-1 in upper-case hex, as macOS and Windows name a certificate. */
  readonly fingerprint: string | undefined
  /** The common name of this user's authorities on this machine. It finds one whose certificate is lost. */
  readonly label: string
  /** The name of the entry in stores: `serve8008-USER`. */
  readonly alias: string
}

/** A trust store. */
export interface TrustStore {
  /** For people, such as `Debian`. */
  readonly name: string
  /** Whether browsers read it. */
  readonly isOfBrowsers: boolean
  /** Whether it exists on this machine, and what is missing to change it, as a sentence. */
  find(): Promise<{ readonly present: boolean; readonly lacks?: string }>
  status(): Promise<TrustStatus>
  /** The commands that add the authority and replace an older one of the same user. */
  install(): readonly Step[]
  /** The commands that remove it. */
  remove(): readonly Step[]
}

/** What a store reads from the machine. */
export interface Host {
  /** As `process.platform`. */
  readonly platform: string
  readonly home: string
  /** `JAVA_HOME`. */
  readonly javaHome: string | undefined
  /** Runs a program that changes nothing. `code` is undefined when there is no such program. */
  run(argv: readonly string[]): Promise<{ readonly code: number | undefined; readonly stdout: string }>
  has(path: string): boolean
  /** The text of a file, or undefined. */
  read(path: string): string | undefined
  /** The names in a folder; none when it does not exist. */
  list(folder: string): readonly string[]
  canWrite(path: string): boolean
}
