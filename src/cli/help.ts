import type { Flag } from './flags.ts'
import { createStyle } from './style.ts'
import type { Terminal } from './terminal.ts'

/** Widest line of the help: it is read in terminals of 80 columns, and long lines read badly in wider ones. */
const width = 80
/** Column where descriptions begin. */
const indent = 28

const usage: readonly (readonly [string, string])[] = [
  ['serve8008 [folder]', 'serve a folder, by default this one'],
  ['serve8008 check [folder]', 'show every setting and where it comes from'],
  ['serve8008 completion zsh', 'completions; also bash, fish, powershell'],
]

const groups: readonly Flag['group'][] = ['Address', 'Files', 'Pages', 'Headers', 'Access', 'Operation']

const examples: readonly (readonly [string, string])[] = [
  ['serve8008 ./site', 'http://localhost:8008, or the next free port'],
  ['serve8008 -so ./dist', 'a single-page app, and open the browser'],
  ['serve8008 -p 3000 --cors', 'exactly port 3000, readable by every origin'],
  ['serve8008 --lan', 'share with the network, with a QR code'],
  ['serve8008 . /docs=./doc', 'a second folder below /docs/'],
]

/** The help page, made from the flags themselves. */
export function renderHelp(version: string, flags: readonly Flag[], terminal: Terminal): string {
  const style = createStyle(terminal.color)
  const table = (rows: readonly (readonly [string, string])[]) =>
    rows.map(([term, text]) => renderRow(term, text)).join('')
  const sections = [
    ['Usage', table(usage)],
    ...groups.map((group) => [group, table(flags.filter((flag) => flag.group === group).map(flagRow))]),
    ['Examples', table(examples)],
  ]
  const body = sections.map(([title = '', text = '']) => `${style.bold(title)}\n${text}`).join('\n')
  return (
    `${style.bold('serve8008')} ${version}, the local web server\n\n${body}\n` +
    `Every flag is also an environment variable (SERVE8008_PORT) and a key of\nserve8008.config.js. ` +
    `A folder named like a command is reached as ./check.\n`
  )
}

function flagRow(flag: Flag): readonly [string, string] {
  const letter = flag.aliases.find((alias) => alias.length === 1)
  const value = flag.valueName === '' ? '' : flag.kind === 'optional' ? ` [${flag.valueName}]` : ` ${flag.valueName}`
  const isOn = flag.kind === 'boolean' && flag.default === 'on'
  const term = `${letter === undefined ? '    ' : `-${letter}, `}--${isOn ? '[no-]' : ''}${flag.name}${value}`
  const standard = flag.default === '' || flag.default === 'off' ? '' : ` Default ${flag.default}.`
  return [term, flag.description + standard]
}

function renderRow(term: string, text: string): string {
  const head = `  ${term}`
  const lines = wrap(text, width - indent)
  const first = head.length + 1 < indent ? `${head.padEnd(indent)}${lines.shift() ?? ''}\n` : `${head}\n`
  return first + lines.map((line) => `${' '.repeat(indent)}${line}\n`).join('')
}

function wrap(text: string, columns: number): string[] {
  const lines: string[] = []
  let line = ''
  for (const word of text.split(' ')) {
    if (line !== '' && line.length + 1 + word.length > columns) {
      lines.push(line)
      line = word
    } else {
      line = line === '' ? word : `${line} ${word}`
    }
  }
  return [...lines, line]
}
