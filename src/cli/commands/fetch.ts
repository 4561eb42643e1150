import { sortExplainWords } from '../args/explain-words.ts'
import { ServeError } from '../../core/serve-error.ts'
import { printable } from '../../core/util/sanitize.ts'
import { flags, type Flag } from '../args/flags.ts'
import { only, type CommandDefinition } from './definition.ts'

function valued(
  name: string,
  alias: string,
  key: string,
  valueName: string,
  description: string,
  repeats = false,
): Flag {
  return { ...only(name, [alias], description), key, kind: repeats ? 'list' : 'value', repeats, valueName }
}

export const fetchCommand: CommandDefinition = {
  command: 'fetch [request..]',
  describe: 'print what the server would answer to a request, without a port',
  flags: [
    ...flags,
    valued('request', 'X', 'requestMethod', 'METHOD', 'Method of the request. Default GET, with content POST.'),
    valued('request-header', 'H', 'requestHeader', 'NAME:VALUE', 'Header field of the request, as in curl.', true),
    {
      ...valued('data', 'd', 'requestData', 'TEXT', 'Content of the request: text, @FILE, or - for standard input.'),
      canBeEmpty: true,
    },
    only('include', ['i'], 'Print status and header fields in front of the content.'),
  ],
  isLikeServing: true,
  usage: [['serve8008 fetch [folder] URL', 'a path, or a URL with the host to ask for']],
  examples: [
    ['serve8008 fetch /', 'the page of this folder'],
    ['serve8008 fetch ./site /api/x -i', 'with the flags, routes and plugins of serving'],
    ['serve8008 fetch /form -d @form.json -H content-type:application/json', 'a POST'],
  ],
  notes: [
    'Content goes to standard output as it is. --json prints one line: { "url", "method", "status", "headers", "body" }, and "base64" instead of "body" for content that is not UTF-8. "set-cookie" is a list.',
    'The exit code is 22 for a status of 400 and above, as that of curl --fail.',
  ],
  row: ['serve8008 fetch /api/x', 'print what the server would answer to a request, without a port'],
  sort: sortExplainWords,
  unfinished: ({ words: [target = 'the request'] }) =>
    new ServeError(
      'E8008_HANDLER',
      `Nothing answers ${printable(target)}: a handler or plugin waits for what cannot come any more.`,
      { hint: 'serve8008 explain E8008_HANDLER' },
    ),
  async handler(command, program, report) {
    const { fetchOnce } = await import('./fetch-request.ts')
    return fetchOnce(command, program, report)
  },
}
