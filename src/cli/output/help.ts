import { limitNames, limitTable } from '../../config/options/limits.ts'
import { commandTexts, type Rows } from './command-texts.ts'
import type { Flag } from '../args/flags.ts'
import { createStyle, wrapText, type Terminal } from './terminal.ts'
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

/** Widest the help grows: longer lines read badly. */
const widest = 120
/** Column where descriptions begin. */
const descriptions = 28
/** Narrowest column of descriptions: where even that leaves no room they stand below their terms. */
const narrowest = 32

/** A page of help: 80 columns in a pipe, otherwise as wide as the terminal, up to 120. */
export function renderPage(
  name: string,
  subject: string,
  sections: readonly (readonly [title: string, rows: Rows])[],
  notes: readonly string[],
  terminal: Terminal,
): string {
  const style = createStyle(terminal.color)
  const width = terminal.isTerminal ? Math.min(terminal.columns, widest) : 80
  const paragraphs = (texts: readonly string[]): string =>
    texts.flatMap((text) => wrapText(text, width, /^ */.exec(text)?.[0])).join('\n')
  const shown = [
    ...sections
      .filter(([, rows]) => rows.length > 0)
      .map(([title, rows]) => [title, rows.map(([term, text]) => renderRow(term, text, width)).join('')] as const),
    ...(notes.length === 0 ? [] : [['Notes', `${paragraphs(notes.map((note) => `  ${note}`))}\n`] as const]),
  ]
  const body = shown.map(([title, text]) => `${style.bold(title)}\n${text}`).join('\n')
  return `${paragraphs([`${style.bold(name)}${subject}`])}\n\n${body}`
}

/** A flag with its names, its value, what it does, and its default. */
export function flagRow(flag: Flag): Rows[number] {
  const letter = flag.aliases.find((alias) => alias.length === 1)
  const value = flag.valueName === '' ? '' : flag.kind === 'optional' ? ` [${flag.valueName}]` : ` ${flag.valueName}`
  const isOn = flag.kind === 'boolean' && flag.default === 'on'
  const term = `${letter === undefined ? '    ' : `-${letter}, `}--${isOn ? '[no-]' : ''}${flag.name}${value}`
  const choices = flag.choices.filter((choice) => !flag.description.includes(choice))
  const named = choices.length === 0 ? '' : ` One of ${flag.choices.join(', ')}.`
  const standard = flag.default === '' || flag.default === 'off' ? '' : ` Default ${flag.default}.`
  return [term, flag.description + named + standard]
}

function renderRow(term: string, text: string, width: number): string {
  const head = `  ${term}`
  const isNarrow = width - descriptions < narrowest
  const indent = ' '.repeat(isNarrow ? 8 : descriptions)
  const stands = !isNarrow && head.length + 1 < descriptions
  const lines = wrapText(stands ? head.padEnd(descriptions) + text : indent + text, width, indent)
  return [...(stands ? [] : [head]), ...lines].map((line) => `${line}\n`).join('')
}
