import { printable } from '../../core/util/sanitize.ts'
import type { Command } from '../args/command.ts'
import type { Reporter } from '../output/reporter.ts'
import type { Program } from '../process-io.ts'
import { printingFlags, yesFlag, type CommandDefinition } from './definition.ts'

export const untrustCommand: CommandDefinition = {
  command: 'untrust',
  describe: 'remove the local authority from every store that trusts it',
  flags: [yesFlag, ...printingFlags],
  usage: [['serve8008 untrust', 'show every command, ask, and run them']],
  examples: [['serve8008 untrust --yes', 'without a question']],
  notes: ['The authority itself is kept; the last line names its folder.'],
  row: ['serve8008 untrust', 'remove that trust'],
  handler: untrust,
}

/**
 * `serve8008 untrust`: takes the local authority out of every store that holds it, after showing how and asking. The
 * authority itself stays.
 *
 * @throws ServeError `E8008_TRUST` where a store could not be changed, `E8008_USAGE`
 */
async function untrust(command: Command, program: Program, report: Reporter): Promise<number> {
  const { openTrust, refuseLacking, trustJson } = await import('./trust-stores.ts')
  const { authority, print, change, find } = openTrust(command, program, report)
  let stores = await find()
  const holding = stores.filter(({ status }) => status !== 'untrusted')
  if (holding.length > 0) {
    const changed = await change('The local authority is still trusted', {
      command: 'untrust',
      stores: holding,
      stepsOf: ({ store }) => store.remove(),
    })
    if (changed === undefined) return 1
    stores = changed
    authority.noteTrust(false)
  }
  const unseen = stores.filter(({ lacks }) => lacks !== undefined)
  const store = unseen.length > 0 ? 'No store that could be read' : 'No store'
  print(`${store} trusts the local authority now. To delete it, remove ${printable(authority.folder)}.\n`)
  if (command.json) report.print(trustJson(await authority.read().catch(() => undefined), authority.file, stores))
  return refuseLacking('Some stores could not be read', unseen)
}
