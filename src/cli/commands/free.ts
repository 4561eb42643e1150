import { usageError } from '../args/command-line.ts'
import { portsIn } from '../args/port-words.ts'
import { only, printingFlags, yesFlag, type CommandDefinition } from './definition.ts'

export const freeCommand: CommandDefinition = {
  command: 'free <port>',
  describe: 'stop the program of yours that listens on a port',
  flags: [
    { ...only('pid', [], 'Only this process, also one that is refused otherwise.'), kind: 'list', valueName: 'PID' },
    only('force', [], 'End it with SIGKILL if it ignores SIGTERM for 5 s.'),
    yesFlag,
    ...printingFlags,
  ],
  usage: [['serve8008 free PORT', 'show what listens there, ask, and stop it']],
  examples: [['serve8008 free 3000 --yes', 'without a question']],
  notes: [
    'Clients are never stopped. It refuses programs of other users, of the system and of containers, shells, editors and',
    'databases, and says what starts a program again. The exit code is 0 when the port is free, or with',
    '--pid when that process has stopped.',
  ],
  row: ['serve8008 free PORT', 'stop what listens on a port'],
  async handler(command, program, report) {
    const [word = ''] = command.words
    const [port, ...more] = portsIn(word) ?? []
    if (port === undefined || more.length > 0) {
      throw usageError(`"${word}" is not one port: it must be 1 to 65535.`, 'serve8008 free PORT')
    }
    const { freePort } = await import('./free-port.ts')
    return freePort(port, command, program, report)
  },
}
