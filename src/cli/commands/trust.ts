import { usageError } from '../args/command-line.ts'
import { only, printingFlags, yesFlag, type CommandDefinition } from './definition.ts'

/** Flags of which each asks for something else. */
const questions = ['status', 'ca', 'renew'] as const

export const trustCommand: CommandDefinition = {
  command: 'trust',
  describe: 'let the browsers and the system of this user trust the local certificates',
  flags: [
    only('status', [], 'Show which stores trust the local authority; change nothing.'),
    only('ca', [], 'Print only the path of its certificate; create it if needed.'),
    only('renew', [], 'Replace the authority with a new one, and trust that.'),
    only('browsers-only', [], 'Only the stores that browsers read, which takes no root.'),
    yesFlag,
    ...printingFlags,
  ],
  usage: [['serve8008 trust', 'show every command, ask, and run them']],
  examples: [
    ['serve8008 trust --status', 'which stores trust it; exits with 1 unless all do'],
    ['serve8008 trust --status --json', 'one line for programs'],
    ['export NODE_EXTRA_CA_CERTS="$(serve8008 trust --ca)"', 'for Node'],
    ['serve8008 trust --browsers-only', 'not the system and Java, so that no root is needed'],
    ['serve8008 trust --renew', 'replace it, if its key was lost or seen by others'],
  ],
  notes: [
    'It calls sudo where root is needed. Restart open browsers afterwards. serve8008 untrust removes the trust again.',
  ],
  row: ['serve8008 trust', 'let browsers trust the local certificates'],
  check(values) {
    const [one, other] = questions.filter((key) => values.get(key) === true)
    if (other === undefined) return
    throw usageError(`--${one} and --${other} cannot be combined.`, `serve8008 trust --${one}`)
  },
  async handler(command, program, report) {
    const { trust } = await import('./trust-stores.ts')
    return trust(command, program, report)
  },
}
