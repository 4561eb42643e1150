import { existsSync, readFileSync, readdirSync, statSync, type Stats } from 'node:fs'
import { basename, dirname, extname, join, resolve } from 'node:path'
import { ServeError } from '../../core/serve-error.ts'
import type { Warning } from '../../core/warning.ts'
import { plainCopy } from '../validate/plain-copy.ts'
import { isPlainObject, plainly } from '../plain-object.ts'
import { nearest, quote, type Problem } from '../diagnostic.ts'
import { messageOf, unreadableConfig } from './unreadable-config.ts'
import type { ImportModule } from './module-file.ts'

/** A config file that was read. */
export interface ConfigFile {
  /** Absolute path. */
  readonly path: string
  /** Name in messages. */
  readonly name: string
  /** Absolute folder against which its relative paths are resolved. */
  readonly folder: string
  /** Its options, not yet validated. */
  readonly options: Readonly<Record<string, unknown>>
  /** Values that cannot be copied. */
  readonly problems: readonly Problem[]
}

/** A configuration is some kilobytes. A larger JSON file is another one, and checking it would take seconds. */
const mostJsonBytes = 1_000_000

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
    const path = resolve(cwd, named)
    checkFile(path, named)
    return readFile(path, named, importModule)
  }
  const present = names.filter((name) => existsSync(join(cwd, name)))
  const manifest = await readManifest(join(cwd, 'package.json'))
  if (manifest !== undefined) present.push('package.json')
  if (present.length > 1) {
    throw new ServeError(
      'E8008_CONFIG_INVALID',
      `There are two configurations here: ${present.slice(0, 2).join(' and ')}.`,
      { hint: `keep one of them, or choose: --config ${present[0]}` },
    )
  }
  if (manifest !== undefined) return manifest
  return present[0] === undefined ? undefined : readFile(join(cwd, present[0]), present[0], importModule)
}

async function readFile(path: string, name: string, importModule: ImportModule): Promise<ConfigFile> {
  const type = extname(path)
  if (basename(path) === 'package.json') {
    const manifest = await readManifest(path)
    if (manifest !== undefined) return manifest
    throw unreadableConfig(`${name} has no "serve8008" key.`, 'add one, or name another file')
  }
  if (type === '.json') return configFile(path, name, await parseJsonFile(readText(path, name), path, name))
  if (moduleTypes.includes(type)) return configFile(path, name, await importModuleFile(path, name, importModule))
  throw unreadableConfig(
    `${name} is not a kind of config file.`,
    `use one that ends in .json, ${moduleTypes.join(', ')}`,
  )
}

async function importModuleFile(path: string, name: string, importModule: ImportModule): Promise<unknown> {
  // Loaded late: most folders have no configuration.
  const { importOptions } = await import('./module-file.ts')
  return importOptions(path, name, importModule)
}

function configFile(path: string, name: string, value: unknown): ConfigFile {
  if (!isPlainObject(value)) throw unreadableConfig(`${name} holds ${quote(value)}, not options.`, plainly(value))
  // `$schema` is for editors.
  const problems: Problem[] = []
  const { $schema: _schema, ...options } = plainCopy(value, problems) as Record<string, unknown>
  return { path, name, folder: dirname(path), options, problems }
}

/** Reads package.json where it has the key `serve8008`. A file without that word is not parsed, so it may be broken. */
async function readManifest(path: string): Promise<ConfigFile | undefined> {
  if (!existsSync(path)) return undefined
  const text = readText(path, 'package.json')
  if (!text.includes('"serve8008"')) return undefined
  const manifest = await parseJsonFile(text, path, 'package.json')
  if (!isPlainObject(manifest) || !Object.hasOwn(manifest, 'serve8008')) return undefined
  return configFile(path, 'package.json', manifest['serve8008'])
}

function readText(path: string, name: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch (cause) {
    throw unreadableConfig(`${name} cannot be read: ${messageOf(cause)}.`, 'check its permissions', cause)
  }
}

async function parseJsonFile(text: string, path: string, name: string): Promise<unknown> {
  if (Buffer.byteLength(text) > mostJsonBytes) {
    const fault = `${name} is larger than ${mostJsonBytes / 1e6} MB, the most that a JSON config file may have.`
    throw unreadableConfig(fault, 'write large options in a serve8008.config.js')
  }
  // Loaded late: most folders have no JSON configuration.
  const { parseJson } = await import('./json-text.ts')
  const parsed = parseJson(text)
  if ('value' in parsed) return parsed.value
  const { line, column, hint } = parsed.fault
  throw unreadableConfig(`${name} is not valid JSON at line ${line}, column ${column}.`, hint, undefined, {
    file: path,
    line,
    column,
  })
}

function checkFile(path: string, named: string): void {
  const kind = statFile(path, named)
  if (kind?.isDirectory() === true)
    throw unreadableConfig(`${named} is a folder, not a config file.`, 'name the file in it')
  // Reading a pipe without a writer would block.
  if (kind?.isFile() === false) throw unreadableConfig(`${named} is not a file.`, 'name a file')
  if (kind !== undefined) return
  const meant = nearest(basename(path), entriesOf(dirname(path)))
  throw new ServeError('E8008_CONFIG_NOT_FOUND', `There is no config file ${named}.`, {
    hint:
      meant === undefined ? 'check the path, or leave --config out' : `did you mean ${join(dirname(named), meant)}?`,
  })
}

function statFile(path: string, named: string): Stats | undefined {
  try {
    return statSync(path, { throwIfNoEntry: false })
  } catch (cause) {
    throw unreadableConfig(`${named} cannot be read: ${messageOf(cause)}.`, 'check the path and its permissions', cause)
  }
}

function entriesOf(folder: string): string[] {
  try {
    return readdirSync(folder)
  } catch {
    // The folder does not exist either, so there is no name to suggest.
    return []
  }
}
