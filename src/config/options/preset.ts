import { oneText, unset, type Unset } from './option.ts'
import { port, plainText } from './shapes.ts'
import * as v from 'valibot'

/** Settings for a system, under a name. */
export class PresetOptions {
  /**
   * Name of a preset: options for a system, such as `matrix` or `spa-api`, that every other option overrides. `serve8008 presets`
   * lists them.
   */
  readonly preset: Unset<string> = unset({
    ...oneText,
    valueName: 'NAME',
    description: 'Settings for a system, such as matrix or spa-api; serve8008 presets lists them.',
    // What it sets counts by itself.
    takesEdits: true,
    accepts: 'the name of a preset: serve8008 presets',
    show: (_config, given) => given,
  })
  /** Where the preset forwards to: a URL or a port. Default: that of the preset. */
  readonly upstream: Unset<number | string> = unset({
    schema: v.union([port, plainText], 'a URL or a port'),
    kind: 'value',
    valueName: 'URL',
    parse: oneText.parse,
    description: 'Where the preset forwards to: a URL or a port.',
    takesEdits: true,
    accepts: 'a URL or a port',
    show: (_config, given) => given,
  })
}

/** The definitions. @internal */
export const presetOptions: PresetOptions = new PresetOptions()
