import type { Checked } from '../../config/plain-object.ts'
import type { LoadedConfig } from '../../config/load.ts'
import { actionText, describeRoute } from '../../config/kinds/describe.ts'
import { optionsByKey } from '../../config/options/option-table.ts'
import { redactField } from '../../core/util/secret.ts'
import { printable } from '../../core/util/sanitize.ts'
import { displayPath } from '../output/display.ts'
import type { Setting } from './settings.ts'
import { createStyle, wrapText, type Style, type Terminal } from '../output/terminal.ts'

interface Row {
  readonly key: string
  readonly text: string
  readonly origin: string
}

/** Widest column of values where lines are as long as they like to be. */
const widestValue = 36
/** Narrowest column of values: where even that leaves no room, the origin has a line of its own. */
const narrowestValue = 20

/**
 * The settings for a person: those that were made, then the defaults. Header fields and mounts have a line each. Limits
 * are shown where they were set, and beside a preset other options too; `verbose` shows all. On a terminal long values
 * break at words.
 */
export function renderSettings(
  settings: readonly Setting[],
  loaded: LoadedConfig,
  cwd: string,
  terminal: Terminal,
  verbose: boolean,
): string {
  const rows = settings.flatMap((setting) => rowsOf(setting, loaded, cwd))
  const isDefault = ({ origin }: Row): boolean => origin === 'default'
  // What a preset leaves as it is says nothing about the preset.
  const hasPreset = loaded.options.preset !== undefined
  const isHidden = (row: Row): boolean => !verbose && isDefault(row) && (hasPreset || row.key.startsWith('limits.'))
  const made = rows.filter((row) => !isDefault(row))
  const standing = rows.filter((row) => isDefault(row) && !isHidden(row))
  const hidden = rows.filter(isHidden).length
  const note = { key: hasPreset ? 'others' : 'limits', text: `${hidden} more, see --verbose`, origin: 'default' }
  const shown = [made, hidden === 0 ? standing : [...standing, note]].filter((section) => section.length > 0)
  const render = rowRenderer(shown.flat(), terminal)
  return shown.map((section) => section.map(render).join('')).join('\n')
}

function rowsOf(
  { key, value, origin }: Setting,
  { config, options: given, origins }: LoadedConfig,
  cwd: string,
): Row[] {
  const options = given as Checked<typeof given>
  const row = (text: string, inner?: string): Row => ({
    key,
    text: printable(text),
    origin: (inner === undefined ? undefined : origins[`${key}.${inner}`]) ?? origin,
  })
  if (key === 'headers' && config.headers.length > 0) {
    return Object.entries(options.headers ?? {}).flatMap(([name, fields]) =>
      typeof fields === 'string'
        ? [row(`${name}: ${redactField(name, fields)}`, name)]
        : Object.entries(fields).map(([field, text]) => row(`${name}  ${field}: ${redactField(field, text)}`, name)),
    )
  }
  if ((key === 'proxy' || key === 'routes' || key === 'mounts') && Object.keys(value as object).length > 0) {
    const typed = Object.keys((key === 'mounts' ? options.mounts : options.proxy) ?? {})
    return Object.entries(value as Record<string, string>).map(([id, text], i) => {
      const route = config.routes.find((each) => each.id === id)
      const does = route && actionText(route.action, (path) => displayPath(path, cwd))
      const shown = route === undefined ? text : describeRoute(route, does)
      return row(
        key === 'mounts' ? `${typed[i]}=${shown}` : `${id} -> ${shown}`,
        key === 'routes' ? String(i) : typed[i],
      )
    })
  }
  const entry = optionsByKey.get(key)
  if (entry?.isPath === true && typeof value === 'string') return [row(displayPath(value, cwd))]
  return [row(valueText(value) || (entry?.kind === 'optional' ? 'off' : '-'))]
}

/** The value as it would be typed, empty for none. */
function valueText(value: unknown): string {
  if (typeof value === 'boolean') return value ? 'on' : 'off'
  if (Array.isArray(value)) return value.join(', ')
  return typeof value === 'string' || typeof value === 'number' ? String(value) : ''
}

function rowRenderer(rows: readonly Row[], { isTerminal, columns, color }: Terminal): (row: Row) => string {
  const style = createStyle(color)
  const width = isTerminal ? columns : Infinity
  const widest = (texts: readonly string[]): number => Math.max(...texts.map((text) => text.length))
  const keyWidth = widest(rows.map(({ key }) => key))
  const room = width - keyWidth - widest(rows.map(({ origin }) => origin)) - '    '.length
  const valueWidth = Math.min(widestValue, widest(rows.map(({ text }) => text)), Math.max(narrowestValue, room))
  const wrapWidth = isTerminal ? Math.max(valueWidth, room) : Infinity
  return ({ key, text, origin }) => {
    const [first = '', ...more] = isTerminal ? wrapText(text, wrapWidth) : [text]
    const head = `${key.padEnd(keyWidth)}  ${first.padEnd(valueWidth)}`
    const indent = ' '.repeat(keyWidth + 2)
    const rest = more.map((line) => `${indent}${line}\n`).join('')
    const painted = paintOrigin(origin, style)
    return head.length + 2 + origin.length <= width
      ? `${head}  ${painted}\n${rest}`
      : `${head.trimEnd()}\n${rest}${indent}${painted}\n`
  }
}

function paintOrigin(origin: string, style: Style): string {
  return origin === 'default' ? style.dim(origin) : style.green(printable(origin))
}
