import type { Warning } from '../core/warning.ts'
import type { LoadedConfig } from './load.ts'
import { optionsByKey, type OptionKey } from './options/option-table.ts'
import { optionsOfPreset, proxiesOf, readPreset } from './presets.ts'
import type { ServeOptions } from './types.ts'

/** The merged options, with their origins. */
type Loaded = Pick<LoadedConfig, 'config' | 'options' | 'origins'>

/** What other settings replace of the preset, where the user may not expect it. */
export function overriddenPreset(loaded: Loaded): Warning[] {
  return [...replacedListeners(loaded), ...unusedUpstream(loaded)]
}

/** The warning that routes of the user have replaced all that would go to the upstream that is given. */
function unusedUpstream({ options, origins }: Loaded): Warning[] {
  const { preset: name, upstream } = options
  if (name === undefined || upstream === undefined) return []
  const paths = proxiesOf(readPreset(name))
  const by = paths.map((path) => origins[`proxy.${path}`] ?? '')
  const [path = '', origin = ''] = [paths[0], by[0]]
  if (by.includes(`preset ${name}`)) return []
  const given = origins['upstream'] ?? ''
  return [
    {
      code: 'W8008_PRESET',
      message:
        `${settingName('upstream', given, false)} is not used: ` +
        `${settingName('proxy', origin, false)} replaces the route ${path} of the preset ${name}.`,
      hint: given === origin ? 'leave it out' : `change that route instead: -x ${path}=${String(upstream)}`,
    },
  ]
}

/** The warning that an option took the place of listeners of the preset: otherwise a port would be closed without a word. */
function replacedListeners({ config, options, origins }: Loaded): Warning[] {
  const { preset: name } = options
  const [kind] = (origins['listeners'] ?? 'default').split(' ')
  // `listeners` of the user say what they replace.
  if (name === undefined || (kind !== 'default' && kind !== 'preset')) return []
  const { listeners = [] } = optionsOfPreset(readPreset(name), undefined) as ServeOptions
  const opened = new Set(
    config.listeners.flatMap(({ socket, fd, ports }) => ((socket ?? fd) === undefined ? ports : [])),
  )
  const lost = listeners.map(({ port }) => Number(port)).filter((port) => !opened.has(port))
  const rivals = optionsByKey.get('listeners')?.excludes as readonly OptionKey[]
  const rival = rivals.find((key) => options[key] !== undefined)
  if (rival === undefined || lost.length === 0) return []
  const isOff = options[rival] === false
  const by = settingName(rival, origins[rival] ?? '', isOff)
  const does = isOff ? 'leaves out the listeners with TLS' : 'replaces the listeners'
  const ports = new Intl.ListFormat('en-GB').format(lost.map(String))
  return [
    {
      code: 'W8008_PRESET',
      message: `${by} ${does} of the preset ${name}: ${ports} ${lost.length === 1 ? 'is' : 'are'} not opened.`,
      hint: `to change its ports, write it to a file: serve8008 init ${name}`,
    },
  ]
}

/** `--port`, `--no-tls`, `PORT`, `port of serve8008.config.json`, or the key alone where a program sets it. */
function settingName(key: string, origin: string, isOff: boolean): string {
  const [kind, ...name] = origin.split(' ')
  const place = name.join(' ')
  if (kind === 'flag') return isOff ? place.replace('--', '--no-') : place
  if (kind === '') return `\`${key}\``
  return kind === 'env' ? place : `${key} of ${place}`
}
