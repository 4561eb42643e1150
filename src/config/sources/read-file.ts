import { readdirSync, readFileSync, statSync, type Stats } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { ServeError } from '../../core/serve-error.ts'
import { redactText } from '../../core/util/secret.ts'
import { plainCopy } from '../validate/plain-copy.ts'
import { isPlainObject, plainly } from '../plain-object.ts'
import { nearest, quote, type Problem } from '../diagnostic.ts'
import { parseJson } from './json-text.ts'
import { importOptions, type ImportModule } from './module-file.ts'
import { messageOf, mostJsonBytes, unreadableConfig } from './unreadable-config.ts'

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

/** A module may be bundled with what it imports. */
const mostModuleBytes = 16_000_000

/** Imports a config module. */
export async function readModuleFile(path: string, name: string, importModule: ImportModule): Promise<ConfigFile> {
  return configFile(path, name, await importOptions(path, name, importModule))
}

/** Reads a JSON config file. */
export function readJsonFile(path: string, name: string): ConfigFile {
  return configFile(path, name, parseJsonFile(readText(path, name), path, name))
}

/** Reads package.json; undefined without the key `serve8008`. */
export function readPackageJson(path: string): ConfigFile | undefined {
  const manifest = parseJsonFile(readText(path, 'package.json'), path, 'package.json')
  if (!isPlainObject(manifest) || !Object.hasOwn(manifest, 'serve8008')) return undefined
  return configFile(path, 'package.json', manifest['serve8008'])
}

function configFile(path: string, name: string, value: unknown): ConfigFile {
  if (!isPlainObject(value)) {
    // A text may be a password.
    const shown = typeof value === 'string' ? 'a text' : quote(value)
    throw unreadableConfig(`${name} holds ${shown}, not options.`, plainly(value))
  }
  // `$schema` is for editors.
  const problems: Problem[] = []
  const { $schema: _schema, ...options } = plainCopy(value, problems) as Record<string, unknown>
  return { path, name, folder: dirname(path), options, problems }
}

function readText(path: string, name: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch (cause) {
    throw unreadableConfig(`${name} cannot be read: ${messageOf(cause)}.`, 'check its permissions', cause)
  }
}

function parseJsonFile(text: string, path: string, name: string): unknown {
  const parsed = parseJson(text)
  if ('value' in parsed) return parsed.value
  const { line, column, hint } = parsed.fault
  throw unreadableConfig(`${name} is not valid JSON at line ${line}, column ${column}.`, hint, undefined, {
    file: path,
    line,
    column,
  })
}

/**
 * Checks that a file exists, is a file, and is not too large, before it is read: a pipe without a writer blocks, and a device
 * never ends.
 *
 * @param isNamed Whether --config names it; otherwise it was found by its name.
 * @throws ServeError `E8008_CONFIG_NOT_FOUND`, `E8008_CONFIG_UNREADABLE`
 */
export function checkFile(path: string, named: string, isNamed: boolean): void {
  const stats = statFile(path, named)
  const other = isNamed ? undefined : 'move it away, or start with --no-config'
  if (stats?.isDirectory() === true)
    throw unreadableConfig(`${named} is a folder, not a config file.`, other ?? 'name the file in it')
  if (stats?.isFile() === false) throw unreadableConfig(`${named} is not a file.`, other ?? 'name a file')
  const isJson = path.endsWith('.json')
  const most = isJson ? mostJsonBytes : mostModuleBytes
  if (stats !== undefined && stats.size > most) {
    const fault = `${named} is larger than ${most / 1e6} MB, the most that a ${isJson ? 'JSON config file' : 'config module'} may have.`
    throw unreadableConfig(fault, isJson ? 'write large options in a serve8008.config.js' : 'read its data from a file')
  }
  if (stats !== undefined) return
  const meant = nearest(basename(path), entriesOf(dirname(path)))
  throw new ServeError('E8008_CONFIG_NOT_FOUND', `There is no config file ${redactText(named)}.`, {
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
