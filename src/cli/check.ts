import { checkFolders } from '../config/check-folders.ts'
import { loadConfig } from '../config/load.ts'
import type { OptionEntry } from '../config/option-entry.ts'
import { optionTable } from '../config/option-table.ts'
import type { ResolvedConfig } from '../config/types.ts'
import { printable, printableJson } from '../util/sanitize.ts'
import type { Command } from './command.ts'
import { displayPath } from './paths.ts'
import type { Program } from './program.ts'
import type { Report } from './report.ts'
import { createStyle } from './style.ts'

/** One setting: its option, its value, and where it comes from. */
interface Setting {
  readonly key: string
  /** How it is shown where there is no value. */
  readonly absent: 'off' | '-'
  readonly value: unknown
  readonly origin: string
}

/**
 * Checks the configuration and the folders that it names, and prints every setting with its origin. With --json one
 * line: `{ "file": path or null, "options": { "port": { "value": [8008], "origin": "default" } } }`.
 */
export async function check(command: Command, program: Program, report: Report): Promise<number> {
  const { cwd, env } = program
  const { config, origins, file } = await loadConfig({ cwd, flags: command.flags, env, config: command.config })
  checkFolders(config)
  const settings = optionTable.flatMap((entry) => settingsOf(entry, config, origins))
  if (command.json) {
    const options = Object.fromEntries(
      settings.map(({ key, value, origin }) => [key, { value: value ?? null, origin }]),
    )
    report.print(`${printableJson({ file: file ?? null, options })}\n`)
  } else if (!command.quiet) {
    const source = file === undefined ? 'no configuration file' : printable(displayPath(file, cwd))
    report.print(`${renderSettings(settings, report)}\nThe configuration is valid (${source}).\n`)
  }
  return 0
}

/** Where an option stands in the resolved configuration under another name, or must not be shown as it is. */
const views: Readonly<Record<string, (config: ResolvedConfig) => unknown>> = {
  port: ({ ports }) => ports,
  strictPort: ({ fallback }) => !fallback,
  cache: ({ cacheControl }) => cacheControl,
  allowHost: ({ allowHosts }) => allowHosts,
  auth: ({ auth }) => (auth === undefined ? undefined : `${auth.user}:…`),
}

function settingsOf(entry: OptionEntry, config: ResolvedConfig, origins: Readonly<Record<string, string>>): Setting[] {
  const { key } = entry
  const whole = origins[key] ?? 'default'
  if (key === 'limits') {
    return Object.entries(config.limits).map(([name, value]) => {
      const inner = `limits.${name}`
      return { key: inner, absent: '-', value, origin: origins[inner] ?? whole }
    })
  }
  const value = views[key]?.(config) ?? config[key as keyof ResolvedConfig]
  return [{ key, absent: entry.kind === 'optional' ? 'off' : '-', value, origin: whole }]
}

function renderSettings(settings: readonly Setting[], report: Report): string {
  const style = createStyle(report.terminal.color)
  const texts = settings.map(({ value, absent }) => printable(valueText(value) || absent))
  const keyWidth = Math.max(...settings.map(({ key }) => key.length))
  const valueWidth = Math.min(36, Math.max(...texts.map((text) => text.length)))
  return settings
    .map(({ key, origin }, index) => {
      const row = `${key.padEnd(keyWidth)}  ${(texts[index] ?? '').padEnd(valueWidth)}`
      return origin === 'default' ? `${row}  ${style.dim(origin)}\n` : `${row}  ${style.green(printable(origin))}\n`
    })
    .join('')
}

/** The value in words, empty for none. */
function valueText(value: unknown): string {
  if (value === undefined) return ''
  if (typeof value === 'boolean') return value ? 'on' : 'off'
  if (Array.isArray(value) && value.every((item) => typeof item !== 'object')) return value.join(', ')
  return typeof value === 'string' ? value : JSON.stringify(value)
}
