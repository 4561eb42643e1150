import { limitNames, limitTable } from '../../config/options/limits.ts'
import { commandTexts, type Rows } from './command-texts.ts'
import type { Flag } from '../args/flags.ts'
import { flagRow, renderPage } from './help-page.ts'
import type { Terminal } from './terminal.ts'

const usage: Rows = [
  ['serve8008 [folder]', 'serve a folder, by default this one'],
  ['serve8008 . /docs=./doc', 'and further folders, each below a path'],
  ['serve8008 check [folder]', commandTexts.check.summary],
  ['serve8008 explain GET /api/x', commandTexts.explain.summary],
  ['serve8008 reload [files]', commandTexts.reload.summary],
  ['serve8008 status', commandTexts.status.summary],
  ['serve8008 stop', commandTexts.stop.summary],
  ['serve8008 trust', 'let browsers trust the local certificates'],
  ['serve8008 untrust', 'take that back'],
  ['serve8008 cert app.localhost', 'write a certificate for another program'],
  ['serve8008 completion zsh', 'completions; also bash, fish, powershell'],
  ['serve8008 help trust', 'help for one command'],
  ['serve8008 help port', 'help for one flag'],
]

const groups: readonly Flag['group'][] = [
  'Address',
  'TLS',
  'Files',
  'Routes',
  'Pages',
  'Live reload',
  'Headers',
  'Access',
  'Operation',
]

const examples: Rows = [
  ['serve8008 ./site', 'http://localhost:8008, or the next free port'],
  ['serve8008 -so ./dist', 'a single-page app, and open the browser'],
  ['serve8008 -x /api=:3000', 'forward /api to a server on port 3000'],
  ['serve8008 --tls', 'https://localhost:8443 as well'],
  ['serve8008 -p 3000 --cors', 'exactly port 3000, readable by every origin'],
  ['serve8008 -p 3000,3001,0', 'the first of these that is free, or any free port'],
  ['serve8008 --lan', 'share with the network, with a QR code'],
  ['serve8008 --cache 10m', 'browsers keep files for ten minutes'],
  ['serve8008 --header X-A:1', 'a header field; again for another'],
  ['serve8008 --log json', 'an access log for programs'],
]

const notes: readonly string[] = [
  'Every flag is also an environment variable (SERVE8008_PORT) and a key of serve8008.config.mjs, except --config, ' +
    '--quiet, --verbose, --json, --help and --version. Flags beat the environment, which beats the file. Of a flag that is given twice the last one counts; --header, --mount, ' +
    '--proxy, --trust, --allow-host, --limit and --cors add up. --no-FLAG takes back what was said elsewhere.',
  'To serve a folder called check, write ./check.',
]

/** The help page, made from the flags themselves: 80 columns in a pipe, otherwise as wide as the terminal, up to 120. */
export function renderHelp(version: string, flags: readonly Flag[], terminal: Terminal): string {
  const limitRows = limitNames.map((name) => {
    const { description, default: value } = limitTable[name]
    return [`    ${name}=${value}`, description] as const
  })
  const sections = [
    ['Usage', usage] as const,
    ...groups.map((group) => [group, flags.filter((flag) => flag.group === group).map(flagRow)] as const),
    ['Examples', examples] as const,
    ['Limits, as --limit NAME=VALUE takes them', limitRows] as const,
  ]
  return renderPage('serve8008', ` ${version}, the local web server`, sections, notes, terminal)
}
