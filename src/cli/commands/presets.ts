import {
  optionsOfPreset,
  presetNames,
  presetText,
  readPreset,
  startCommand,
  unknownPreset,
  type Preset,
} from '../../config/presets.ts'
import { printable, printableJson } from '../../core/util/sanitize.ts'
import { usageError } from '../args/command-line.ts'
import { printingFlags, type CommandDefinition } from './definition.ts'

export const presetsCommand: CommandDefinition = {
  command: 'presets [name]',
  describe: 'list the presets, or print what one sets',
  flags: printingFlags,
  words: 'presets',
  usage: [
    ['serve8008 presets', 'every preset with its description'],
    ['serve8008 presets NAME', 'the options that it sets, as a config file would hold them'],
  ],
  examples: [['serve8008 presets matrix --json', 'one line for programs']],
  notes: ['Start with one by serve8008 --preset NAME, or write it to a config file by serve8008 init NAME.'],
  row: ['serve8008 presets', 'list the presets: settings for a system'],
  handler({ words: [name], json }, _program, report) {
    if (name === undefined) {
      const presets = presetNames().map(readPreset)
      const width = Math.max(...presets.map((preset) => preset.name.length)) + 2
      const lines = presets.map((preset) => `${preset.name.padEnd(width)}${preset.description}\n`)
      report.print(json ? `${printableJson({ presets: presets.map(factsOf) })}\n` : lines.join(''))
      return 0
    }
    const preset = presetNamed(name)
    report.print(json ? `${printableJson(factsOf(preset))}\n` : presetText(preset, undefined))
    return 0
  },
}

/** The preset with a name. @throws ServeError `E8008_USAGE` */
export function presetNamed(name: string): Preset {
  const unknown = unknownPreset(name)
  if (unknown === undefined) return readPreset(name)
  const sentence = unknown.message.charAt(0).toUpperCase() + unknown.message.slice(1)
  throw usageError(`${printable(sentence)}.`, unknown.hint)
}

function factsOf(preset: Preset): Record<string, unknown> {
  const { name, description, upstream = null, guide } = preset
  const start = startCommand(preset, undefined) ?? null
  return { name, description, upstream, start, guide, options: optionsOfPreset(preset, undefined) }
}
