import { checkFolders } from '../../config/check-folders.ts'
import { loadConfig } from '../../config/load.ts'
import { overriddenPreset } from '../../config/overridden-preset.ts'
import { startWarnings } from '../../config/start-warnings.ts'
import { checkCertificates } from '../../server/check-certificates.ts'
import { sitesOf } from '../../server/site.ts'
import { checkRoutes } from '../../server/explain-request.ts'
import { printable, printableJson } from '../../core/util/sanitize.ts'
import type { Command } from '../args/command.ts'
import { importConfig } from '../import-config.ts'
import { displayPath } from '../output/display.ts'
import { warningFacts } from '../output/render-problem.ts'
import type { Program } from '../process-io.ts'
import type { Reporter } from '../output/reporter.ts'
import { renderSettings } from './settings-table.ts'
import { settingsOf } from './settings.ts'
import { suggestFix } from '../args/suggest-fix.ts'
import { flags } from '../args/flags.ts'
import type { CommandDefinition } from './definition.ts'

export const checkCommand: CommandDefinition = {
  command: 'check [places..]',
  describe: 'show every setting and where it comes from, and serve nothing',
  flags,
  isLikeServing: true,
  words: 'folders',
  usage: [['serve8008 check [folder]', 'as serve8008 [folder] would be started']],
  examples: [
    ['serve8008 check', 'the configuration of this folder'],
    ['serve8008 check --json', 'one line for programs, with every origin'],
  ],
  notes: ['It lists all problems and exits with 2 if there are any.'],
  sort: (places) => ({ asked: [], places }),
  handler: check,
}

/**
 * Checks the configuration with the folders and the certificates that it names, and prints every setting with its origin. What a build may
 * still bring about is a warning. With --json one line:
 * `{ "file": path or null, "options": { "port": { "value": [8008], "origin": "default" } }, "warnings": [] }`.
 */
async function check(command: Command, program: Program, report: Reporter): Promise<number> {
  const { cwd, env } = program
  const loaded = await loadConfig({
    cwd,
    flags: command.flags,
    env,
    config: command.config,
    importModule: importConfig,
  })
  checkFolders(loaded.config, loaded.origins)
  await checkRoutes(loaded.config)
  const settings = settingsOf(loaded)
  const warnings = [
    ...loaded.warnings,
    ...overriddenPreset(loaded),
    ...sitesOf(loaded.config).flatMap(({ config }) => startWarnings(config)),
    ...(await checkCertificates(loaded.config)),
  ]
  if (command.json) {
    const options = Object.fromEntries(
      settings.map(({ key, value, origin }) => [key, { value: value ?? null, origin }]),
    )
    const folder = typeof command.flags.root === 'string' ? command.flags.root : undefined
    const told = warnings.map((warning) => warningFacts(warning, suggestFix(warning, program, folder)))
    report.print(`${printableJson({ file: loaded.file ?? null, options, warnings: told })}\n`)
    return 0
  }
  for (const warning of warnings) report.warning(warning)
  if (command.quiet) return 0
  const source = loaded.file === undefined ? 'no configuration file' : printable(displayPath(loaded.file, cwd))
  const but = warnings.length === 0 ? '' : ', with a warning'
  report.print(
    `${renderSettings(settings, loaded, cwd, report.terminal, command.verbose)}\n` +
      `The configuration is valid (${source})${but}.\n`,
  )
  return 0
}
