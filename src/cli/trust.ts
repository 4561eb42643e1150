import { ServeError } from '../errors/serve-error.ts'
import { printable, printableJson } from '../util/sanitize.ts'
import { changeTrust } from './change-trust.ts'
import type { Command } from './command.ts'
import { findStores, openAuthority, type FoundStore } from './open-authority.ts'
import type { Program } from './program.ts'
import type { Report } from './report.ts'
import { otherPrograms, storeLines, trustJson } from './trust-text.ts'

/**
 * `serve8008 trust`: makes the browsers and the system of this user trust the local authority, after showing how and
 * asking. `--status` changes nothing, and exits with 1 unless all trust it; `--ca` prints the path of its certificate.
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
  const certificate = await (said?.status === true ? authority.read() : authority.make())
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
  const open = stores.filter((found) => found.lacks === undefined && !isTrusting(found))
  if (open.length > 0) {
    print(
      `The local authority is ${printable(authority.file)}.\n` +
        'It can vouch for local names and private addresses only.\n\n',
    )
    const stepsOf = ({ store }: FoundStore) => store.install()
    const change = { command: 'trust', stores: open, stepsOf, rights, program, quiet, json, yes: said?.yes === true }
    const problems = await changeTrust(change)
    if (problems === undefined) {
      print('Nothing was changed.\n')
      return 1
    }
    stores = await findStores(authority)
    if (problems.size > 0) throw failure('The local authority is not trusted everywhere', [...problems.values()])
  }
  print(`${storeLines(stores)}\n${open.length > 0 ? 'Browsers that are open have to be started again.\n' : ''}`)
  print(otherPrograms(authority.file))
  if (json) report.print(trustJson(certificate, authority.file, stores))
  if (lacking.length === 0) return 0
  throw failure(
    'The local authority is not trusted everywhere',
    lacking.map(({ store, lacks }) => `${store.name}: ${lacks}`),
  )
}

function isTrusting({ status }: FoundStore): boolean {
  return status === 'trusted'
}

/** Some stores stay as they were. */
export function failure(message: string, problems: readonly string[]): ServeError {
  const [only] = problems
  return new ServeError('E8008_TRUST', problems.length === 1 ? `${message}: ${only}` : `${message}.`, { problems })
}
