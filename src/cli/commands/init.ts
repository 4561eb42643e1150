import { existsSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { optionsOfPreset, presetNames, presetText, upstreamProblem, type Preset } from '../../config/presets.ts'
import { findConfigs } from '../../config/sources/file.ts'
import type { ServeOptions } from '../../config/types.ts'
import { ServeError } from '../../core/serve-error.ts'
import { printable, printableJson } from '../../core/util/sanitize.ts'
import { usageError } from '../args/command-line.ts'
import { flags } from '../args/flags.ts'
import { printingFlags, type CommandDefinition } from './definition.ts'
import { presetNamed } from './presets.ts'

/** Its comments are read, and editors know them there too. */
const fileName = 'serve8008.config.json'

export const initCommand: CommandDefinition = {
  command: 'init [name]',
  describe: 'write a config file with the options of a preset',
  flags: [
    ...flags.filter(({ key }) => key === 'upstream').map((flag) => ({ ...flag, canBeOff: false })),
    ...printingFlags,
  ],
  words: 'presets',
  usage: [['serve8008 init NAME', `the options of the preset, with comments, as ${fileName}`]],
  examples: [['serve8008 init spa-api --upstream 3000', 'for a server on port 3000']],
  notes: [
    'The names: serve8008 presets.',
    'It overwrites nothing, and writes nothing where the folder has a configuration.',
  ],
  row: ['serve8008 init NAME', 'write the options of a preset to a config file'],
  async handler({ words: [name], values, json, quiet }, { cwd }, report) {
    if (name === undefined) {
      throw usageError(
        `The name of a preset is missing; it must be one of: ${presetNames().join(', ')}.`,
        'serve8008 presets',
      )
    }
    const preset = presetNamed(name)
    const upstream = [values.get('upstream') ?? []].flat().at(-1)
    const wrong = upstreamProblem(preset, upstream)
    if (wrong !== undefined) {
      const sentence = `${wrong.message.charAt(0).toUpperCase()}${wrong.message.slice(1)}.`
      throw usageError(sentence, wrong.hint.replace('serve8008 --preset ', 'serve8008 init '))
    }
    const { present } = await findConfigs(cwd)
    if (present[0] !== undefined) throw existing(present[0])
    const path = join(cwd, fileName)
    try {
      writeFileSync(path, presetText(preset, upstream), { flag: 'wx' })
    } catch (cause) {
      const { code = '' } = cause as NodeJS.ErrnoException
      if (code === 'EEXIST') throw existing(fileName)
      throw new ServeError('E8008_USAGE', `${fileName} cannot be written here (${code}).`, {
        hint: `serve8008 presets ${name}`,
        cause,
      })
    }
    if (json) report.print(`${printableJson({ file: path, preset: name })}\n`)
    else if (!quiet)
      report.print(`Wrote ${fileName} with the preset ${printable(name)}. ${users(preset, cwd)}Start it: serve8008\n`)
    return 0
  },
}

/** How to make the password file of a preset, where it is missing: without it nothing starts. */
function users(preset: Preset, cwd: string): string {
  const { authFile } = optionsOfPreset(preset, undefined) as ServeOptions
  if (authFile === undefined || existsSync(join(cwd, authFile))) return ''
  return `Make its password file: htpasswd -cB ${authFile} NAME. `
}

function existing(file: string): ServeError {
  return usageError(`This folder has a configuration already: ${file}.`, 'serve8008 check')
}
