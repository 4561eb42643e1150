/** `npm run readme`: writes the tables of README.md that follow from the sources. A test fails when they are stale. */
import { readFileSync, writeFileSync } from 'node:fs'
import { pathToFileURL } from 'node:url'
import { flags } from '../src/cli/args/flags.ts'
import { limitNames, limitTable } from '../src/config/options/limits.ts'
import type { OptionEntry } from '../src/config/options/option-entry.ts'
import { limitVariable, optionsByKey, optionTable } from '../src/config/options/option-table.ts'
import { errorCodes, type ErrorCode } from '../src/core/codes.ts'
import { errorTexts } from '../src/core/error-texts.ts'
import { fromRoot } from './paths.ts'

/** The tables by the name that their markers bear. */
const tables: Readonly<Record<string, () => string>> = {
  options: () => table(['Flag', 'In a config file', 'What it does', 'Default'], optionTable.map(optionRow)),
  flags: () => table(['Flag', 'What it does'], flags.filter(({ key }) => !optionsByKey.has(key)).map(flagRow)),
  limits: () => table(['Limit', 'Variable', 'What it bounds', 'Default'], limitNames.map(limitRow)),
  'start-codes': () => codeTable('Exit code', (row) => row.status === 500 && !('isPublic' in row)),
  'reply-codes': () => codeTable('Status', (row) => row.status !== 500 || 'isPublic' in row),
}

/** The text with every table between its markers made again. */
export function withTables(readme: string): string {
  return Object.entries(tables).reduce((text, [name, render]) => {
    const [start, end] = [`<!-- ${name}: made by npm run readme -->\n`, `<!-- /${name} -->`]
    const [from, to] = [text.indexOf(start), text.indexOf(end)]
    if (from === -1 || to < from) throw new Error(`README.md has no place for the table "${name}".`)
    return `${text.slice(0, from + start.length)}\n${render()}\n${text.slice(to)}`
  }, readme)
}

function optionRow(entry: OptionEntry): readonly string[] {
  const plain = entry.key === 'root' ? code('[folder]') : ''
  const flag = entry.flags.length === 0 ? plain : flagTerms(entry.flags, entry)
  return [flag, code(entry.key), entry.description, defaultOf(entry)]
}

function flagRow(flag: (typeof flags)[number]): readonly string[] {
  return [flagTerms([flag.name, ...flag.aliases], flag), flag.description]
}

/** `--port`, `-p PORT`; what is on by default is shown as it is switched off. */
function flagTerms(
  names: readonly string[],
  { kind, valueName, default: standard }: Pick<OptionEntry, 'kind' | 'valueName' | 'default'>,
): string {
  const value = valueName === '' ? '' : kind === 'optional' ? ` [${valueName}]` : ` ${valueName}`
  const isOn = kind === 'boolean' && standard === 'on'
  const terms = names.map((name) => (name.length === 1 ? `-${name}` : `--${isOn ? 'no-' : ''}${name}`))
  return terms.map((term, index) => code(index === terms.length - 1 ? term + value : term)).join(', ')
}

function defaultOf(entry: OptionEntry): string {
  return entry.default === '' || entry.key === 'limits' ? '' : entry.default
}

function limitRow(name: (typeof limitNames)[number]): readonly string[] {
  const { description, default: standard } = limitTable[name]
  return [code(name), code(limitVariable(name)), description, String(standard)]
}

function codeTable(title: 'Exit code' | 'Status', belongs: (row: (typeof errorCodes)[ErrorCode]) => boolean): string {
  const rows = (Object.keys(errorCodes) as ErrorCode[]).flatMap((name) => {
    const row = errorCodes[name]
    const number = title === 'Exit code' ? row.exitCode : row.status
    return belongs(row) ? [[code(name), String(number), errorTexts[name].meaning]] : []
  })
  return table(['Code', title, 'When'], rows)
}

function code(text: string): string {
  return `\`${text}\``
}

function table(heading: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]): string =>
    `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |\n`
  return line(heading) + line(heading.map(() => '---')) + rows.map(line).join('')
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  const path = fromRoot('README.md')
  writeFileSync(path, withTables(readFileSync(path, 'utf8')))
}
