import { ServeError } from '../../core/serve-error.ts'
import type { Step } from '../../tls/trust/types.ts'
import { printable, printableJson } from '../../core/util/sanitize.ts'
import { changeTrust } from './apply-trust-changes.ts'
import type { Command } from '../args/command.ts'
import { findStores, openAuthority, type FoundStore } from './open-authority.ts'
import type { Program } from '../process-io.ts'
import type { Report } from '../output/reporter.ts'
import { otherPrograms, storeLines, trustJson } from './trust-text.ts'

/**
 * `serve8008 trust`: makes the browsers and the system of this user trust the local authority, after showing how and
 * asking. `--status` changes nothing, and exits with 1 unless all trust it; `--ca` prints the path of its certificate;
 * `--renew` puts a new authority in place of the old one first.
 *
 * @throws ServeError `E8008_TRUST` where a store could not be changed, `E8008_AUTHORITY`, `E8008_USAGE`
 */
export async function trust(command: Command, program: Program, report: Report): Promise<number> {
  const { authority: said, json, quiet } = command
  const { authority, rights } = openAuthority(program, report)
  if (said?.ca === true) {
    await authority.make()
    report.print(json ? `${printableJson({ file: authority.file })}\n` : `${authority.file}\n`)
    return 0
  }
  const isRenewed = said?.renew === true
  let certificate = isRenewed ? undefined : await (said?.status === true ? authority.read() : authority.make())
  const print = (text: string): void => {
    if (!json && !quiet) report.print(text)
  }
  let stores = await findStores(authority)
  if (said?.status === true) {
    const text =
      certificate === undefined
        ? `There is no local authority yet (${printable(authority.folder)}).\n`
        : `The local authority is ${printable(authority.file)}, until ${certificate.validTo}.\n`
    print(text + storeLines(stores))
    if (json) report.print(trustJson(certificate, authority.file, stores))
    return stores.every(isTrusting) ? 0 : 1
  }
  const lacking = stores.filter(({ lacks }) => lacks !== undefined)
  const open = stores.filter((found) => found.lacks === undefined && (isRenewed || !isTrusting(found)))
  if (open.length > 0 || isRenewed) {
    print(`${isRenewed ? renewalText(authority.folder) : authorityText(authority.file)}\n`)
    const change = {
      command: isRenewed ? 'trust --renew' : 'trust',
      stores: open,
      stepsOf: isRenewed ? replacement : ({ store }: FoundStore) => store.install(),
      ...(isRenewed ? { prepare: renew } : {}),
      rights,
      program,
      quiet,
      json,
      yes: said?.yes === true,
    }
    const problems = await changeTrust(change)
    if (problems === undefined) {
      print('Nothing was changed.\n')
      return 1
    }
    stores = await findStores(authority)
    if (problems.size > 0) {
      print(`${storeLines(stores)}\n`)
      throw failure('The local authority is not trusted everywhere', [...problems.values()])
    }
  }
  const late = isRenewed ? 'Servers that run, and browsers that are open,' : 'Browsers that are open'
  print(`${storeLines(stores)}\n${open.length > 0 || isRenewed ? `${late} have to be started again.\n` : ''}`)
  print(otherPrograms(authority.file))
  if (json) report.print(trustJson(certificate, authority.file, stores))
  if (lacking.length === 0) return 0
  throw failure(
    'The local authority is not trusted everywhere',
    lacking.map(({ store, lacks }) => `${store.name}: ${lacks}`),
  )

  async function renew(): Promise<void> {
    const place = await authority.setAside()
    if (place !== undefined) print(`What was there is kept as ${printable(place)}.\n`)
    certificate = await authority.make()
  }
}

/** By now it is known to be of our making. */
function authorityText(file: string): string {
  return `The local authority is ${printable(file)}.\nIt can vouch for local names and private addresses only.\n`
}

function renewalText(folder: string): string {
  return (
    `A new local authority takes the place of what is in ${printable(folder)}.\n` +
    'Certificates of the old one, such as those of serve8008 cert, are refused from then on.\n'
  )
}

/** The old one is named by the steps that remove it; those that install read the file, which holds the new one by then. */
function replacement({ store, status }: FoundStore): readonly Step[] {
  return status === 'absent' ? store.install() : [...store.remove(), ...store.install()]
}

function isTrusting({ status }: FoundStore): boolean {
  return status === 'trusted'
}

/** Some stores stay as they were. */
export function failure(message: string, problems: readonly string[]): ServeError {
  const [only] = problems
  // Without a terminal sudo can ask nobody.
  const needsPassword = problems.some((problem) => /\bsudo: /.test(problem))
  const hint = needsPassword ? { hint: 'the same in a terminal, where sudo can ask for the password' } : {}
  return new ServeError('E8008_TRUST', problems.length === 1 ? `${message}: ${only}` : `${message}.`, {
    ...hint,
    problems,
  })
}
