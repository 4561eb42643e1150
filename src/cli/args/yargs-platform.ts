import { basename, dirname, extname, join, relative, resolve } from 'node:path'
import { parser } from './arguments.ts'

function nothing(): undefined {
  return undefined
}

/**
 * What yargs takes from its surroundings. The build puts it in place of that of the package (`lib/platform-shims/esm.mjs`
 * there), so that commands read their words with the parser of serving, and a start neither reads the locales and the
 * package.json of yargs, nor loads and uses the packages that lay out its help: help pages are our own.
 */
export const yargsPlatform: object = {
  Parser: parser,
  assert: {
    // yargs catches it where it looks for its package.json.
    notStrictEqual(actual: unknown, expected: unknown): void {
      if (actual === expected) throw new Error(`yargs expects another value than ${String(expected)}`)
    },
    strictEqual(actual: unknown, expected: unknown): void {
      if (actual !== expected) throw new Error(`yargs expects ${String(expected)}, got ${String(actual)}`)
    },
  },
  cliui: (): object => ({ div: nothing, toString: () => '' }),
  findUp: nothing,
  getCallerFile: (): string => '',
  getEnv: nothing,
  getProcessArgvBin: (): string => '',
  inspect: String,
  mainFilename: '',
  path: { basename, dirname, extname, join, relative, resolve },
  // Words, folder and end of the process are those of `Program`, which yargs never sees.
  process: {
    argv: (): string[] => [],
    cwd: (): string => '.',
    emitWarning: nothing,
    execPath: (): string => '',
    exit: nothing,
    nextTick: process.nextTick,
    stdColumns: 80,
  },
  readFileSync: (): string => '',
  readdirSync: (): string[] => [],
  require: nothing,
  stringWidth: (text: string): number => text.length,
  // Its messages are never shown.
  y18n: {
    __: (text: string): string => text,
    __n: (text: string): string => text,
    getLocale: (): string => 'en',
    setLocale: nothing,
    updateLocale: nothing,
  },
}
