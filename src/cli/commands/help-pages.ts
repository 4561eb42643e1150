import { limitTexts } from '../../config/options/limit-texts.ts'
import { limitNames, limitTable } from '../../config/options/limits.ts'
import { optionsByKey, type OptionGroup } from '../../config/options/option-table.ts'
import { flags, type Flag } from '../args/flags.ts'
import { nameOf, type CommandDefinition, type Rows } from './definition.ts'
import { createStyle, wrapText, type Terminal } from '../output/terminal.ts'

/** A part of the help that has a page of its own, by the word that opens it. */
interface HelpGroup {
  readonly title: string
  /** One line. */
  readonly about: string
  readonly rows: Rows
}

function commandRows(commands: readonly CommandDefinition[]): Rows {
  return [
    ['serve8008 [folder]', 'serve a folder, by default this one'],
    ['serve8008 . /docs=./doc', 'and more folders, each below a path'],
    ...commands.flatMap(({ row, usage: [[form] = ['']], describe }) =>
      row === false ? [] : [row ?? ([form, describe] as const)],
    ),
  ]
}

const examples: Rows = [
  ['serve8008 ./site', 'http://localhost:8008, or the next free port'],
  ['serve8008 -so ./dist', 'a single-page app, and open the browser'],
  ['serve8008 -x /api=:3000', 'forward /api to a server on port 3000'],
  ['serve8008 --preset matrix', 'for a system; serve8008 presets lists them'],
  ['serve8008 --tls', 'https://localhost:8443 as well'],
  ['serve8008 -p 3000 --cors', 'exactly port 3000, readable by every origin'],
  ['serve8008 -p 3000,3001,0', 'the first of these that is free, or any free port'],
  ['serve8008 --lan', 'share with the network, with a QR code'],
  ['serve8008 --cache 10m', 'browsers keep files for ten minutes'],
  ['serve8008 --header X-A:1', 'a header field; can be repeated'],
  ['serve8008 --log json', 'an access log for programs'],
]

/** Every group, by the word after `serve8008 help`. No word is that of a command. */
export function helpGroups(commands: readonly CommandDefinition[]): Readonly<Record<string, HelpGroup>> {
  return {
    commands: { title: 'Commands', about: 'what serve8008 does beside serving', rows: commandRows(commands) },
    ...otherGroups,
  }
}

/** Every word behind `serve8008 help` that is no flag. */
export function helpPages(commands: readonly CommandDefinition[]): string[] {
  return [...commands.map(nameOf), ...Object.keys(helpGroups(commands)), 'codes', 'all']
}

const otherGroups: Readonly<Record<string, HelpGroup>> = {
  address: flagGroup('Address', 'where the server listens'),
  https: flagGroup('TLS', 'HTTPS, certificates and HTTP/2'),
  files: flagGroup('Files', 'which folders and files are served'),
  routes: flagGroup('Routes', 'forwarding to other servers'),
  pages: flagGroup('Pages', 'single-page apps, listings and clean URLs'),
  'live-reload': flagGroup('Live reload', 'when and how open pages are updated'),
  headers: flagGroup('Headers', 'header fields, caching, CORS and compression'),
  access: flagGroup('Access', 'host names, passwords and limits'),
  operation: flagGroup('Operation', 'config file, output and browser'),
  examples: { title: 'Examples', about: 'commands to start from', rows: examples },
  limits: {
    title: 'Limits, as --limit NAME=VALUE takes them',
    about: 'what a client may send, and how long it may take',
    rows: limitNames.map((name) => [`    ${name}=${limitTable[name].default}`, limitTexts[name]]),
  },
}

const notes: readonly string[] = [
  'Every flag is also an environment variable (SERVE8008_PORT) and a key of serve8008.config.mjs, except ' +
    `${listed(({ key }) => !optionsByKey.has(key))}. Flags override the environment, which overrides the file. If a flag ` +
    `is given twice the last one counts; ${listed(({ repeats }) => repeats)} add up. --no-FLAG resets what the ` +
    'environment or the file sets.',
  'To serve a folder called check, write ./check.',
]

function listed(isMeant: (flag: Flag) => boolean): string {
  return new Intl.ListFormat('en-GB').format(flags.filter(isMeant).map(({ name }) => `--${name}`))
}

function flagGroup(title: OptionGroup, about: string): HelpGroup {
  return { title, about, rows: flags.filter(({ group }) => group === title).map(flagRow) }
}

/** The first page: one screen of 80 columns and 24 lines, the prompt included. */
export function renderOverview(version: string, terminal: Terminal, commands: readonly CommandDefinition[]): string {
  const common = flags.flatMap((flag) =>
    flag.overview === undefined ? [] : [[flagRow(flag)[0], flag.overview] as const],
  )
  const others = commands.map(nameOf).filter((name) => name !== 'version' && name !== 'help')
  const usage: Rows = [
    ['serve8008 [folder]', 'serve a folder, by default this one'],
    ['serve8008 COMMAND', others.join(', ')],
  ]
  const sections = [
    ['Usage', usage] as const,
    ['Flags', common] as const,
    [
      'More',
      [
        [
          'serve8008 help NAME',
          `${[...Object.keys(helpGroups(commands)), 'codes', 'all'].join(', ')}; or a command or flag`,
        ],
      ],
    ] as const,
  ]
  return renderPage('serve8008', ` ${version}, the local web server`, sections, [], terminal)
}

/** The page of one group. */
export function renderGroupHelp(word: string, { title, about, rows }: HelpGroup, terminal: Terminal): string {
  return renderPage(`serve8008 help ${word}`, `: ${about}`, [[title, rows]], [], terminal)
}

/** Everything on one page. */
export function renderAllHelp(version: string, terminal: Terminal, commands: readonly CommandDefinition[]): string {
  const sections = Object.values(helpGroups(commands)).map(({ title, rows }) => [title, rows] as const)
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
