import { printable } from '../../core/util/sanitize.ts'
import { changeTrust } from './apply-trust-changes.ts'
import type { Command } from '../args/command.ts'
import { findStores, openAuthority, type FoundStore } from './open-authority.ts'
import type { Program } from '../process-io.ts'
import type { Report } from '../output/reporter.ts'
import { failure } from './trust.ts'
import { storeLines, trustJson } from './trust-text.ts'

/**
 * `serve8008 untrust`: takes the local authority out of every store that holds it, after showing how and asking. The
 * authority itself stays.
 *
 * @throws ServeError `E8008_TRUST` where a store could not be changed, `E8008_USAGE`
 */
export async function untrust(command: Command, program: Program, report: Report): Promise<number> {
  const { authority: said, json, quiet } = command
  const { authority, rights } = openAuthority(program, report)
  const print = (text: string): void => {
    if (!json && !quiet) report.print(text)
  }
  let stores = await findStores(authority)
  const holding = stores.filter(({ status }) => status !== 'absent')
  if (holding.length > 0) {
    const stepsOf = ({ store }: FoundStore) => store.remove()
    const change = {
      command: 'untrust',
      stores: holding,
      stepsOf,
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
      throw failure('The local authority is still trusted', [...problems.values()])
    }
  }
  const unseen = stores.filter(({ lacks }) => lacks !== undefined)
  const others = unseen.length > 0 ? ' of what could be looked into' : ''
  print(`Nothing${others} trusts the local authority now. To be rid of it, remove ${printable(authority.folder)}.\n`)
  if (json) report.print(trustJson(await authority.read().catch(() => undefined), authority.file, stores))
  if (unseen.length === 0) return 0
  throw failure(
    'Some stores could not be looked into',
    unseen.map(({ store, lacks }) => `${store.name}: ${lacks}`),
  )
}
