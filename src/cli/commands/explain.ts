import { seemsCode, sortExplainWords } from '../args/explain-words.ts'
import { flags } from '../args/flags.ts'
import { only, type CommandDefinition } from './definition.ts'

export const explainCommand: CommandDefinition = {
  command: 'explain [request..]',
  describe: 'show which route answers a request and why, or what a code means',
  flags: [
    ...flags,
    {
      ...only('request-header', ['H'], 'Header field of the request, as in curl.'),
      key: 'requestHeader',
      kind: 'list',
      repeats: true,
      valueName: 'NAME:VALUE',
    },
  ],
  isLikeServing: true,
  usage: [
    ['serve8008 explain [folder] [METHOD] URL', 'a URL or a path; the method is GET unless named'],
    ['serve8008 explain CODE', 'the code of an error, a warning or a finding'],
  ],
  examples: [
    ['serve8008 explain /api/x', 'with the routes of the config file'],
    ['serve8008 explain ./site /certs/dev.pem', 'for that folder; mounts and flags are as in serving'],
    ['serve8008 explain http://localhost:8008/x', 'with the settings of the server that runs on this port'],
    ['serve8008 explain POST /v1 -H x-canary:1', 'for a request with this header field'],
    ['serve8008 explain E8008_CERT', 'meaning, usual cause and what to do'],
    ['serve8008 explain S8008_HOST', 'a finding of scan, verify or doctor, and why it matters'],
  ],
  notes: [
    'No request is sent. The line "Read" names the settings that were read: flags, environment, config file, or those of a running server.',
    'serve8008 help codes lists every code.',
  ],
  row: ['serve8008 explain GET /api/x', 'show which route answers a request and why, or what a code means'],
  sort: sortExplainWords,
  async handler(command, program, report) {
    const [word = '', ...others] = command.words
    if (others.length > 0 || !seemsCode(word)) {
      return (await import('./explain-request.ts')).explain(command, program, report)
    }
    const { explainCode } = await import('./explain-code.ts')
    report.print(explainCode(word, report.terminal, command.json))
    return 0
  },
}
