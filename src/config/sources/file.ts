import { existsSync, readFileSync, statSync } from 'node:fs'
import { basename, extname, join, resolve } from 'node:path'
import { ServeError } from '../../core/serve-error.ts'
import type { Warning } from '../../core/warning.ts'
import type { ImportModule } from './module-file.ts'
import type * as Readers from './read-file.ts'
import type { ConfigFile } from './read-file.ts'
import { mostJsonBytes, unreadableConfig } from './unreadable-config.ts'

const moduleTypes = ['.js', '.mjs', '.cjs', '.ts', '.mts', '.cts']
const names = [...moduleTypes, '.json'].map((type) => `serve8008.config${type}`)

/** Plausible names that no config file has. */
const unread = [
  ...['yaml', 'yml', 'toml', 'json5', 'jsonc'].map((type) => `serve8008.config.${type}`),
  ...['json', 'yaml', 'yml', 'toml'].map((type) => `serve8008.${type}`),
  ...['.serve8008rc', '.serve8008rc.json', '.serve8008.json'],
]

/** Warns about files whose name is almost that of a config file. */
export function unreadFiles(cwd: string): Warning[] {
  return unread
    .filter((name) => existsSync(join(cwd, name)))
    .map((name) => ({
      code: 'W8008_CONFIG',
      message: `${name} is not read: it is not a name of a config file.`,
      hint: 'write it as serve8008.config.json, .js or .ts',
    }))
}

/**
 * Reads the config file of the working directory, or a named one. No other folder is searched: a config file is a program,
 * and the folder to serve may come from an untrusted source.
 *
 * @param cwd Absolute folder.
 * @param named Path of the file, relative to `cwd`; undefined to look for one.
 * @throws ServeError `E8008_CONFIG_NOT_FOUND`, `E8008_CONFIG_UNREADABLE`, or `E8008_CONFIG_INVALID` where there are two.
 */
export async function readConfigFile(
  cwd: string,
  named: string | undefined,
  importModule: ImportModule = (url) => import(url),
): Promise<ConfigFile | undefined> {
  if (named !== undefined) {
    return readFile(resolve(cwd, named), named, importModule, true)
  }
  const { present, manifest } = await findConfigs(cwd)
  if (present.length > 1) {
    throw new ServeError(
      'E8008_CONFIG_INVALID',
      `There are two configurations here: ${present.slice(0, 2).join(' and ')}.`,
      { hint: `keep one of them, or choose: --config ${present[0]}` },
    )
  }
  if (manifest !== undefined) return manifest
  if (present[0] === undefined) return undefined
  return readFile(join(cwd, present[0]), present[0], importModule, false)
}

/** The names of the configurations in a folder, and that of package.json. */
export async function findConfigs(cwd: string): Promise<{ present: string[]; manifest: ConfigFile | undefined }> {
  const present = names.filter((name) => existsSync(join(cwd, name)))
  const manifest = await manifestOf(join(cwd, 'package.json'))
  return { present: manifest === undefined ? present : [...present, 'package.json'], manifest }
}

/** Most folders have no config file. */
function loadReaders(): Promise<typeof Readers> {
  return import('./read-file.ts')
}

/** Reads package.json where it has the key `serve8008`. A file without that word is not parsed, so it may be broken. */
async function manifestOf(path: string): Promise<ConfigFile | undefined> {
  if (!existsSync(path)) return undefined
  try {
    const stats = statSync(path)
    if (stats.isFile() && stats.size <= mostJsonBytes && !readFileSync(path, 'utf8').includes('"serve8008"'))
      return undefined
  } catch {
    // The reader says why it cannot be read.
  }
  const { checkFile, readPackageJson } = await loadReaders()
  checkFile(path, 'package.json', false)
  return readPackageJson(path)
}

async function readFile(path: string, name: string, importModule: ImportModule, isNamed: boolean): Promise<ConfigFile> {
  const { checkFile, readJsonFile, readPackageJson, readModuleFile } = await loadReaders()
  checkFile(path, name, isNamed)
  const type = extname(path)
  if (basename(path) === 'package.json') {
    const manifest = readPackageJson(path)
    if (manifest !== undefined) return manifest
    throw unreadableConfig(`${name} has no "serve8008" key.`, 'add one, or name another file')
  }
  if (type === '.json') return readJsonFile(path, name)
  if (moduleTypes.includes(type)) return readModuleFile(path, name, importModule)
  throw unreadableConfig(
    `${name} is not a kind of config file.`,
    `use one that ends in .json, ${moduleTypes.join(', ')}`,
  )
}
