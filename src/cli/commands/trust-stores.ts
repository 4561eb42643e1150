import type { X509Certificate } from 'node:crypto'
import { ServeError } from '../../core/serve-error.ts'
import type { Step } from '../../tls/trust/types.ts'
import { printable, printableJson } from '../../core/util/sanitize.ts'
import { applyTrustChanges, type TrustChange } from './apply-trust-changes.ts'
import { isOn, type Command } from '../args/command.ts'
import { findStores, openUserAuthority, type FoundStore, type OpenedAuthority } from './open-authority.ts'
import type { Program } from '../process-io.ts'
import type { Reporter } from '../output/reporter.ts'
import { shellQuote } from '../../core/util/shell-quote.ts'

const notEverywhere = 'The local authority is not trusted everywhere'

/**
 * `serve8008 trust`: makes the browsers and the system of this user trust the local authority, after showing how and
 * asking. `--status` changes nothing, and exits with 1 unless all trust it; `--ca` prints the path of its certificate;
 * `--renew` puts a new authority in place of the old one first; `--browsers-only` looks at the stores of browsers alone.
 *
 * @throws ServeError `E8008_TRUST` where a store could not be changed, `E8008_AUTHORITY`, `E8008_USAGE`
 */
export async function trust(command: Command, program: Program, report: Reporter): Promise<number> {
  const { values, json } = command
  const { authority, print, change, find } = openTrust(command, program, report)
  if (isOn(values, 'ca')) {
    await authority.make()
    report.print(json ? `${printableJson({ file: authority.file })}\n` : `${authority.file}\n`)
    return 0
  }
  const isRenewed = isOn(values, 'renew')
  let certificate = isRenewed ? undefined : await (isOn(values, 'status') ? authority.read() : authority.make())
  let stores = await find()
  if (isOn(values, 'status')) {
    const text =
      certificate === undefined
        ? `There is no local authority yet (${printable(authority.folder)}).\n`
        : `The local authority is ${printable(authority.file)}, valid until ${new Date(certificate.validTo).toISOString().slice(0, 10)}.\n`
    print(text + storeLines(stores))
    if (json) report.print(trustJson(certificate, authority.file, stores))
    return stores.every(isTrusting) ? 0 : 1
  }
  const lacking = stores.filter(({ lacks }) => lacks !== undefined)
  const open = stores.filter((found) => found.lacks === undefined && (isRenewed || !isTrusting(found)))
  if (open.length > 0 || isRenewed) {
    print(`${isRenewed ? renewalText(authority.folder) : authorityText(authority.file)}\n`)
    const changed = await change(notEverywhere, {
      command: [
        'trust',
        ...(isRenewed ? ['--renew'] : []),
        ...(isOn(values, 'browsers-only') ? ['--browsers-only'] : []),
      ].join(' '),
      stores: open,
      stepsOf: isRenewed ? replacement : ({ store }) => store.install(),
      ...(isRenewed ? { prepare: renew } : {}),
    })
    if (changed === undefined) return 1
    stores = changed
    authority.noteTrust(true)
  }
  const restart = isRenewed ? 'Restart running servers and open browsers.' : 'Restart open browsers.'
  print(`${storeLines(stores)}\n${open.length > 0 || isRenewed ? `${restart}\n` : ''}`)
  print(otherPrograms(authority.file))
  if (json) report.print(trustJson(certificate, authority.file, stores))
  return refuseLacking(notEverywhere, lacking)

  async function renew(): Promise<void> {
    const place = await authority.archive()
    if (place !== undefined) print(`The old authority is kept as ${printable(place)}.\n`)
    certificate = await authority.make()
  }
}

/** The authority of the user, and what both commands do with it. */
export interface OpenedTrust extends Pick<OpenedAuthority, 'authority'> {
  /** Prints a text for people. */
  print(text: string): void
  /** Resolves to the stores after the change, or to undefined where the answer was no. */
  change(
    failed: string,
    wanted: Pick<TrustChange, 'command' | 'stores' | 'stepsOf' | 'prepare'>,
  ): Promise<FoundStore[] | undefined>
  /** The stores that are meant. */
  find(): Promise<FoundStore[]>
}

/** Opens the authority for `trust` or `untrust`. */
export function openTrust(command: Command, program: Program, report: Reporter): OpenedTrust {
  const { values, json, quiet } = command
  const { authority, rights } = openUserAuthority(program, report)
  return { authority, print, change, find }

  async function find(): Promise<FoundStore[]> {
    const stores = await findStores(authority)
    return isOn(values, 'browsers-only') ? stores.filter(({ store }) => store.isOfBrowsers) : stores
  }

  function print(text: string): void {
    if (!json && !quiet) report.print(text)
  }

  async function change(
    failed: string,
    wanted: Parameters<OpenedTrust['change']>[1],
  ): Promise<FoundStore[] | undefined> {
    const problems = await applyTrustChanges({ ...wanted, rights, program, quiet, json, yes: isOn(values, 'yes') })
    if (problems === undefined) {
      print('Nothing was changed.\n')
      return undefined
    }
    const stores = await find()
    if (problems.size === 0) return stores
    print(`${storeLines(stores)}\n`)
    throw failure(failed, [...problems.values()])
  }
}

/** The exit code where no store lacks anything. */
export function refuseLacking(message: string, lacking: readonly FoundStore[]): 0 {
  if (lacking.length === 0) return 0
  throw failure(
    message,
    lacking.map(({ store, lacks }) => `${store.name}: ${lacks}`),
  )
}

function authorityText(file: string): string {
  return `The local authority is ${printable(file)}.\nIt signs certificates for local names and private addresses only.\n`
}

function renewalText(folder: string): string {
  return (
    `A new local authority replaces the one in ${printable(folder)}.\n` +
    'Clients then refuse certificates of the old one, such as those of serve8008 cert.\n'
  )
}

/** The old one is named by the steps that remove it; those that install read the file, which holds the new one by then. */
function replacement({ store, status }: FoundStore): readonly Step[] {
  return status === 'untrusted' ? store.install() : [...store.remove(), ...store.install()]
}

function isTrusting({ status }: FoundStore): boolean {
  return status === 'trusted'
}

/** The error for stores that could not be changed. */
export function failure(message: string, problems: readonly string[]): ServeError {
  const [only] = problems
  // Without a terminal sudo cannot ask for the password.
  const needsPassword = problems.some((problem) => /\bsudo: /.test(problem))
  const hint = needsPassword ? { hint: 'run this in a terminal, where sudo can ask for the password' } : {}
  return new ServeError('E8008_TRUST', problems.length === 1 ? `${message}: ${only}` : `${message}.`, {
    ...hint,
    problems,
  })
}

/** Each begins with the word that `--json` has for it. */
const words = {
  trusted: 'trusted',
  outdated: 'outdated: an older authority is trusted, or this one only in part',
  untrusted: 'untrusted',
} as const

/** The stores, a line each. */
export function storeLines(stores: readonly FoundStore[]): string {
  const width = Math.max(...stores.map(({ store }) => store.name.length))
  return stores
    .map(({ store, status, lacks }) => `  ${printable(store.name).padEnd(width)}   ${lacks ?? words[status]}\n`)
    .join('')
}

/** One line for programs: `{ "authority": { file, fingerprint, expires } or null, "stores": [{ name, status, lacks }] }`. */
export function trustJson(
  certificate: X509Certificate | undefined,
  file: string,
  stores: readonly FoundStore[],
): string {
  const authority =
    certificate === undefined
      ? null
      : { file, fingerprint: certificate.fingerprint256, expires: new Date(certificate.validTo).toISOString() }
  const rows = stores.map(({ store, status, lacks }) => ({ name: store.name, status, lacks: lacks ?? null }))
  return `${printableJson({ authority, stores: rows })}\n`
}

/** How programs that do not read the system store can trust the authority. Which do depends on how they were built. */
export function otherPrograms(file: string): string {
  const path = printable(shellQuote(file))
  return [
    'A program that does not read the system store needs a setting of its own. Node does not read it by default;',
    'curl and Python do where they are those of the system, and may not where they come from elsewhere:',
    `  Node      NODE_EXTRA_CA_CERTS=${path}`,
    `  curl      curl --cacert ${path}`,
    `  Python    SSL_CERT_FILE=${path}, for requests REQUESTS_CA_BUNDLE=… (then no public authority is trusted)`,
    '',
  ].join('\n')
}
