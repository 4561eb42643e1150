import type { OutputOptions } from '../output/reporter.ts'
import { bundledPackages, packageVersion, type Packages } from '../process-io.ts'
import { printingFlags, type CommandDefinition } from './definition.ts'

export const versionCommand: CommandDefinition = {
  command: 'version',
  describe: 'print the version',
  flags: printingFlags,
  usage: [
    ['serve8008 version', 'the same as serve8008 --version'],
    ['serve8008 version --verbose', 'and of each bundled package'],
  ],
  examples: [],
  notes: [],
  row: false,
  handler(command, _program, report) {
    report.print(renderVersion(command))
    return 0
  },
}

/** What `--version` prints; with `--verbose` also the packages that are bundled. */
export function renderVersion({ json, verbose }: OutputOptions, packages: Packages = bundledPackages()): string {
  const version = packageVersion()
  if (json) return `${JSON.stringify(verbose ? { version, packages } : { version })}\n`
  const rows = verbose ? Object.entries(packages).map((row) => row.join(' ')) : []
  return [version, ...rows].map((line) => `${line}\n`).join('')
}
