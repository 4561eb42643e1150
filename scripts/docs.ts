/** `npm run docs`: writes the tables of the reference that follow from the sources. A test fails when they are stale. */
import { readFileSync, writeFileSync } from 'node:fs'
import { pathToFileURL } from 'node:url'
import { flags } from '../src/cli/args/flags.ts'
import type { CommandDefinition } from '../src/cli/commands/definition.ts'
import { loadCommands } from '../src/cli/commands/registry.ts'
import { limitTexts } from '../src/config/options/limit-texts.ts'
import { limitNames, limitTable } from '../src/config/options/limits.ts'
import { limitVariable, optionsByKey, optionTable, type OptionEntry } from '../src/config/options/option-table.ts'
import { presetNames, readPreset, type Preset } from '../src/config/presets.ts'
import { errorCodes, isReplyCode, type ErrorCode } from '../src/core/codes.ts'
import { errorTexts, type CodeText } from '../src/core/error-texts.ts'
import { checkTexts, doctorTexts, scanTexts, type FindingText } from '../src/core/finding-texts.ts'
import { warningTexts } from '../src/core/warning-texts.ts'
import { filterKeys } from '../src/inspect/filter/filter.ts'
import { fromRoot } from './paths.ts'

const commands = await loadCommands()

/** The tables by page and by the name in their markers. */
export const tables: Readonly<Record<string, Readonly<Record<string, () => string>>>> = {
  'docs/reference/command-line.md': {
    commands: () => table(['Command', 'What it does'], commands.flatMap(commandRows)),
    options: () => [...new Set(optionTable.filter(hasFlag).map(({ group }) => group))].map(groupOfFlags).join('\n'),
    flags: () => table(['Flag', 'What it does'], flags.filter(({ key }) => !optionsByKey.has(key)).map(flagRow)),
  },
  'docs/reference/config-file.md': {
    keys: () => table(['Key', 'Takes', 'Flag', 'Default'], optionTable.map(keyRow)),
  },
  'docs/reference/environment.md': {
    variables: () => table(['Variable', 'Option'], optionTable.flatMap(variableRows)),
  },
  'docs/reference/limits.md': {
    limits: () => table(['Limit', 'Variable', 'What it bounds', 'Default'], limitNames.map(limitRow)),
  },
  'docs/reference/errors.md': {
    'start-codes': () => codeTable('Exit code', (code) => !isReplyCode(code)),
    'reply-codes': () => codeTable('Status', isReplyCode),
    warnings: () => table(['Code', 'When', 'What to do'], Object.entries(warningTexts).map(warningRow)),
    'doctor-codes': () =>
      table(
        ['Code', 'What it means', 'What to do'],
        Object.entries(doctorTexts).map(([name, { meaning, remedy }]) => [code(name), meaning, remedy]),
      ),
  },
  'docs/guide/systems/README.md': {
    presets: () => table(['Preset', 'What it is', 'Upstream'], presetNames().map(readPreset).map(presetRow)),
  },
  'docs/guide/ports.md': { findings: () => meaningTable(scanTexts) },
  'docs/guide/inspect.md': {
    keys: () =>
      table(
        ['Key', 'Compares', 'Example'],
        Object.entries(filterKeys).map(([name, { describe, example }]) => [code(name), describe, code(example)]),
      ),
  },
  'docs/guide/verify.md': { checks: () => meaningTable(checkTexts) },
}

/** The text of a page with every table between its markers made again. */
export function withTables(page: string, markdown: string): string {
  return Object.entries(tables[page] ?? {}).reduce((text, [name, render]) => {
    const [start, end] = [`<!-- ${name}: made by npm run docs -->\n`, `<!-- /${name} -->`]
    const [from, to] = [text.indexOf(start), text.indexOf(end)]
    if (from === -1 || to < from) throw new Error(`${page} has no place for the table "${name}".`)
    return `${text.slice(0, from + start.length)}\n${render()}\n${text.slice(to)}`
  }, markdown)
}

function presetRow({ name, description, takesUpstream, upstream }: Preset): readonly string[] {
  return [
    `[${name}](${name}.md)`,
    description,
    upstream === undefined ? (takesUpstream ? 'to be given' : '') : code(upstream),
  ]
}

function commandRows({ describe, usage }: CommandDefinition): readonly (readonly string[])[] {
  const forms = usage.map(([form]) => code(form)).join(', ')
  return [[forms, `${describe.charAt(0).toUpperCase()}${describe.slice(1)}.`]]
}

function groupOfFlags(group: OptionEntry['group']): string {
  const entries = optionTable.filter((entry) => entry.group === group && hasFlag(entry))
  return `### ${group}\n\n${table(['Flag', 'What it does', 'Default'], entries.map(optionRow))}`
}

function hasFlag({ flags: names }: OptionEntry): boolean {
  return names.length > 0
}

function optionRow(entry: OptionEntry): readonly string[] {
  return [flagsOf(entry), entry.description, defaultOf(entry)]
}

function keyRow(entry: OptionEntry): readonly string[] {
  return [code(entry.key), entry.accepts, mainFlagOf(entry), defaultOf(entry)]
}

function flagsOf(entry: OptionEntry): string {
  return entry.key === 'root' ? `${code('[folder]')}, ${code('--no-root')}` : flagTerms(entry.flags, entry)
}

/** The long name alone; the command line has its aliases and its value. */
function mainFlagOf(entry: OptionEntry): string {
  if (entry.key === 'root') return code('[folder]')
  return entry.flags.length === 0 ? '' : code(`--${entry.flags[0]}`)
}

function variableRows(entry: OptionEntry): readonly (readonly string[])[] {
  return entry.key === 'limits' || entry.environment.length === 0
    ? []
    : [[entry.environment.map(code).join(', '), code(entry.key)]]
}

function flagRow(flag: (typeof flags)[number]): readonly string[] {
  return [flagTerms([flag.name, ...flag.aliases], flag), flag.description]
}

/** `--port`, `-p PORT`; what is on by default also as it is switched off: `--listing`, `--no-listing`. */
function flagTerms(
  names: readonly string[],
  { kind, valueName, default: standard }: Pick<OptionEntry, 'kind' | 'valueName' | 'default'>,
): string {
  const value = valueName === '' ? '' : kind === 'optional' ? ` [${valueName}]` : ` ${valueName}`
  const isOn = kind === 'boolean' && standard === 'on'
  const terms = names.flatMap((name) =>
    name.length === 1 ? `-${name}` : isOn ? [`--${name}`, `--no-${name}`] : `--${name}`,
  )
  return terms.map((term, index) => code(index === terms.length - 1 ? term + value : term)).join(', ')
}

function defaultOf(entry: OptionEntry): string {
  return entry.default === '' || entry.key === 'limits' ? '' : entry.default
}

function limitRow(name: (typeof limitNames)[number]): readonly string[] {
  const { default: standard } = limitTable[name]
  return [code(name), code(limitVariable(name)), limitTexts[name], String(standard)]
}

function codeTable(title: 'Exit code' | 'Status', belongs: (code: ErrorCode) => boolean): string {
  const rows = (Object.keys(errorCodes) as ErrorCode[]).flatMap((name) => {
    const row = errorCodes[name]
    const number = title === 'Exit code' ? row.exitCode : row.status
    return belongs(name) ? [[code(name), String(number), errorTexts[name].meaning, errorTexts[name].remedy]] : []
  })
  return table(['Code', title, 'When', 'What to do'], rows)
}

function warningRow([name, { meaning, remedy }]: readonly [string, CodeText]): readonly string[] {
  return [code(name), meaning, remedy]
}

function meaningTable(texts: Readonly<Record<string, FindingText>>): string {
  return table(
    ['Code', 'What it means'],
    Object.entries(texts).map(([name, { meaning }]) => [code(name), meaning]),
  )
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
  for (const page of Object.keys(tables)) {
    const path = fromRoot(page)
    const before = readFileSync(path, 'utf8')
    const after = withTables(page, before)
    if (after === before) continue
    writeFileSync(path, after)
    console.log(`${page} has new tables`)
  }
}
