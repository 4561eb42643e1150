import { accessSync, constants, lstatSync } from 'node:fs'
import { dirname } from 'node:path'
import type { X509Certificate } from 'node:crypto'
import type { LoadedConfig } from '../../config/load.ts'
import type { Environment } from '../../config/sources/env.ts'
import { readRegistry } from '../../control/running-servers.ts'
import { isOwnFolder, registryFolder } from '../../control/server-registry.ts'
import { shellQuote } from '../../core/util/shell-quote.ts'
import type { Warning } from '../../core/warning.ts'
import { checkCertificates } from '../../server/check-certificates.ts'
import type { FoundStore, OpenedAuthority } from '../commands/open-authority.ts'
import type { PortOwner } from '../../scan/scan.ts'
import { isRunning } from '../server-process.ts'
import { staleEntries } from '../stale-entries.ts'
import { note, warning, type Seen } from './check.ts'

/**
 * The folder in which servers register, and what is in it.
 *
 * @param owners Who listens on the ports of the servers.
 */
export function lookAtRegistry(env: Environment, owners: readonly PortOwner[] = []): Seen {
  const folder = registryFolder(env)
  const fault = folderFault(folder)
  if (fault !== undefined) {
    const why = `Servers cannot register in ${folder}, so that ls, stop and reload find none: ${fault.why}.`
    return { seen: folder, findings: [warning('D8008_REGISTRY', why, fault.fix)] }
  }
  const { servers, stale } = readRegistry(env, isRunning)
  const seen = `${folder}, ${servers.length} running`
  const moved = staleEntries(env, owners).filter(({ severity }) => severity === 'warning')
  const findings = moved.map(({ why, fix }) => warning('D8008_REGISTRY_PORT', why, fix))
  if (stale.length === 0) return { seen, findings }
  const [they, were] =
    stale.length === 1 ? ['The server of an entry', 'was'] : [`The servers of ${stale.length} entries`, 'were']
  const why = `${they} ${were} killed; ls removes what they left.`
  return { seen, findings: [note('D8008_REGISTRY_STALE', why, 'serve8008 ls'), ...findings] }
}

/** Why this user cannot keep private files in a folder, which need not exist yet. */
export function folderFault(folder: string): { readonly why: string; readonly fix: string } | undefined {
  const stat = lstatSync(folder, { throwIfNoEntry: false })
  const quoted = shellQuote(folder)
  if (stat === undefined) {
    const above = existingParent(folder)
    return canWrite(above) ? undefined : { why: `${above} cannot be written`, fix: `ls -ld ${shellQuote(above)}` }
  }
  const uid = process.geteuid?.()
  if (stat.isSymbolicLink()) return { why: 'it is a link', fix: `rm ${quoted}` }
  if (!stat.isDirectory()) return { why: 'it is no folder', fix: `rm ${quoted}` }
  if (uid !== undefined && stat.uid !== uid)
    return { why: `it belongs to uid ${stat.uid}`, fix: `sudo chown ${uid} ${quoted}` }
  if (!isOwnFolder(folder)) return { why: 'other users can read it', fix: `chmod 700 ${quoted}` }
  return canWrite(folder) ? undefined : { why: 'it cannot be written', fix: `chmod 700 ${quoted}` }
}

function existingParent(folder: string): string {
  const above = dirname(folder)
  return above === folder || lstatSync(above, { throwIfNoEntry: false }) !== undefined ? above : existingParent(above)
}

function canWrite(folder: string): boolean {
  try {
    accessSync(folder, constants.W_OK | constants.X_OK)
    return true
  } catch {
    return false
  }
}

/** Milliseconds before its end in which a certificate counts as about to expire. */
const noticeMs = 60 * 24 * 3_600_000

/** The local authority: whether it can be kept, until when it is valid, and what trusts it. */
export async function lookAtAuthority(
  { authority }: Pick<OpenedAuthority, 'authority'>,
  find: () => Promise<readonly FoundStore[]>,
): Promise<Seen> {
  const certificate = await authority.read()
  if (certificate === undefined) {
    const above = existingParent(authority.folder)
    const place = lstatSync(authority.folder, { throwIfNoEntry: false }) === undefined ? above : authority.folder
    const seen = 'none yet; HTTPS makes one'
    if (canWrite(place)) return { seen }
    const why = `The local authority cannot be kept in ${authority.folder}: ${place} cannot be written.`
    return { seen, findings: [warning('D8008_AUTHORITY', why, `ls -ld ${shellQuote(place)}`)] }
  }
  return authorityFindings(certificate, await find(), Date.now())
}

/** What the certificate and the stores mean. */
export function authorityFindings(
  certificate: Pick<X509Certificate, 'validTo'>,
  stores: readonly FoundStore[],
  now: number,
): Seen {
  const until = new Date(certificate.validTo)
  const trusting = stores.filter(({ status }) => status === 'trusted').map(({ store }) => store.name)
  const others = stores.filter(({ status }) => status !== 'trusted').map(({ store }) => store.name)
  const trust =
    trusting.length === 0 ? 'nothing trusts it' : `${trusting.join(', ')} trust${trusting.length === 1 ? 's' : ''} it`
  const findings = []
  if (until.getTime() - now < noticeMs) {
    const why = `The local authority expires on ${until.toISOString().slice(0, 10)}.`
    findings.push(warning('D8008_AUTHORITY_EXPIRES', why, 'serve8008 trust --renew'))
  }
  if (others.length > 0) {
    const why = `${others.join(', ')} ${others.length === 1 ? 'does' : 'do'} not trust the local authority: clients that use them refuse its certificates.`
    findings.push((trusting.length === 0 ? warning : note)('D8008_UNTRUSTED', why, 'serve8008 trust'))
  }
  return { seen: `valid until ${until.toISOString().slice(0, 10)}; ${trust}`, findings }
}

/** The config file, and the variables that are settings. */
export function lookAtConfig({ file, origins, warnings }: LoadedConfig): Seen {
  const names = Object.values(origins).flatMap((origin) => (origin.startsWith('env ') ? [origin.slice(4)] : []))
  const set = names.length === 0 ? '' : `; set by the environment: ${names.join(', ')}`
  const shared = names.filter((name) => !name.startsWith('SERVE8008_'))
  const findings = [
    ...warnings.map(findingOf),
    ...(shared.length === 0
      ? []
      : [
          note(
            'D8008_SHARED_SETTING',
            `${shared.join(', ')} is a setting here, as in many programs: a start without flags uses it.`,
            `env -u ${shared.join(' -u ')} serve8008`,
          ),
        ]),
  ]
  return { seen: `${file === undefined ? 'no configuration file' : `${file} is valid`}${set}`, findings }
}

/** The user's own certificates: expiry, names, keys. */
export async function lookAtCertificates({ config }: LoadedConfig): Promise<Seen> {
  const own = config.listeners.flatMap(({ certificates }) => certificates)
  if (own.length === 0)
    return { seen: config.listeners.some(({ tls }) => tls) ? 'of the local authority' : 'HTTPS is off' }
  const warnings = await checkCertificates(config)
  return { seen: `${own.length} of your own`, findings: warnings.map(findingOf) }
}

/** A warning of a start as a finding. */
function findingOf({ code, message, hint }: Warning): { code: string; severity: 'warning'; why: string; fix: string } {
  return { code, severity: 'warning', why: message, fix: hint ?? 'serve8008 check' }
}
