import type { Finding, ScannedPort, ScanResult } from '../../scan/scan.ts'

/** A value that the system hides or that does not exist is null: every key is always there. */
type Known<Facts> = { readonly [Key in keyof Facts]: Exclude<Facts[Key], undefined> | null }

/** A scan with what is known of servers that do not listen. */
export interface WholeScan extends ScanResult {
  /** What belongs to no port that is listed. */
  readonly findings: readonly Finding[]
}

/** A scan as `serve8008 scan --json` prints it. Keys are only ever added. */
export function scanFacts({ ports, idle, findings }: WholeScan): object {
  return { ports: ports.map(portFacts), idle, findings }
}

function portFacts(row: ScannedPort): object {
  const { process, identity } = row
  const { protocol } = identity
  return {
    port: row.port,
    addresses: row.addresses,
    families: row.families,
    reach: row.reach,
    ...orNull({
      pid: row.pid,
      hidden: row.hidden,
      ppid: process?.ppid,
      user: process?.user,
      uid: row.uid,
      program: process?.program,
      command: process?.command,
      cwd: process?.cwd,
      project: process?.project,
      unit: process?.unit,
      container: process?.container === undefined ? undefined : orNull(process.container),
      supervisor: process?.supervisor === undefined ? undefined : orNull(process.supervisor),
      startedAt: process?.startedAt?.toISOString(),
      stopped: process?.stopped,
    }),
    parents: process?.parents ?? [],
    protocol: orNull({ name: protocol.name, tls: protocol.tls, alpn: protocol.alpn, http: protocol.http }),
    ...orNull({ product: identity.product, version: identity.version }),
    evidence: identity.evidence,
    findings: row.findings,
    clients: row.clients,
  }
}

function orNull<Facts extends object>(facts: Facts): Known<Facts> {
  return Object.fromEntries(Object.entries(facts).map(([key, value]) => [key, value ?? null])) as Known<Facts>
}
