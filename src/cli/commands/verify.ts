import type { SortedWords } from '../args/explain-words.ts'
import { flags } from '../args/flags.ts'
import { only, type CommandDefinition } from './definition.ts'

export const verifyCommand: CommandDefinition = {
  command: 'verify [target..]',
  describe: 'test whether a server is safe: relaying, foreign hosts and sites, private files, TLS',
  flags: [
    // Where serving would listen is of no interest here.
    ...flags.filter(({ key }) => key !== 'host'),
    {
      ...only('host', [], 'A host that is not this machine and may be tested: exactly this one.'),
      key: 'allowedHost',
      kind: 'value',
      valueName: 'NAME',
    },
  ],
  isLikeServing: true,
  usage: [
    ['serve8008 verify [folder]', 'the server that serve8008 [folder] would start, on a port of its own'],
    ['serve8008 verify URL', 'a server of this machine; a port or host:port is enough'],
  ],
  examples: [
    ['serve8008 verify', 'each listener and each site of the config file'],
    ['serve8008 verify ./site --cors', 'with the flags of serving'],
    ['serve8008 verify 3000', 'whatever listens on this port'],
    ['serve8008 verify https://box.test/ --host box.test', 'a server of another machine that is yours'],
    ['serve8008 verify 3000 --json', 'one line for programs'],
  ],
  notes: [
    'It exits with 1 if a check failed, or got no answer in time. The relay test offers a listener on the loopback as target, and counts only that it is contacted.',
    'Only this machine is connected to, unless --host says otherwise.',
  ],
  row: [
    'serve8008 verify [URL]',
    'test whether a server is safe: relaying, foreign hosts and sites, private files, TLS',
  ],
  sort: sortTargets,
  async handler(command, program, report) {
    const { verifyServers } = await import('./verify-servers.ts')
    return verifyServers(command, program, report)
  },
}

/** A word that is no folder and no mount is a target. */
function sortTargets(words: readonly string[], isFolder: (word: string) => boolean): SortedWords {
  const isPlace = (word: string): boolean => /^(?:\.{0,2}[/\\]|\.{1,2}$)/.test(word) || isFolder(word)
  return { asked: words.filter((word) => !isPlace(word)), places: words.filter(isPlace) }
}
