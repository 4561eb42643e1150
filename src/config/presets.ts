import { readdirSync, readFileSync } from 'node:fs'
import { isDeepStrictEqual } from 'node:util'
import { nearest, quote, type Problem } from './diagnostic.ts'
import type { ResolvedUpstream } from './kinds/proxy-types.ts'
import { isPlainObject } from './plain-object.ts'
import { resolveUpstream } from './resolve/upstream.ts'
import { parseJson } from './sources/json-text.ts'
import type { OptionSource } from './sources/source.ts'
import type { ServeOptions } from './types.ts'
import type { ListenerOptions } from './value-types.ts'

/** Options for a system, under a name. */
export interface Preset {
  readonly name: string
  /** One sentence. */
  readonly description: string
  /** Where it forwards to by default; undefined where there is none, or where it forwards nothing. */
  readonly upstream: string | undefined
  /** Whether it forwards to an upstream. */
  readonly takesUpstream: boolean
  /** An upstream to show, where there is no default. */
  readonly example: string | undefined
  /** A command that starts an upstream for it, for {@link startCommand}. */
  readonly start: string | undefined
  /** Its page of the guide, from the folder of the package. */
  readonly guide: string
  /** The commented JSON of the options, which a config file can hold. `{upstream}` stands for the upstream. */
  readonly text: string
}

/**
 * Each preset is a file here, and what the file says is all there is to it: JSON with comments. The comment at its top begins
 * with the description, and has lines that begin with `Upstream:` or `Example:`, `Start:` and `Guide:`.
 */
const folder = new URL('../../templates/presets/', import.meta.url)
const ending = '.jsonc'
const placeholder = '{upstream}'

/** The names of the presets. */
export function presetNames(): string[] {
  return readdirSync(folder)
    .filter((name) => name.endsWith(ending))
    .map((name) => name.slice(0, -ending.length))
    .toSorted()
}

/** A preset of {@link presetNames}. */
export function readPreset(name: string): Preset {
  const text = readFileSync(new URL(name + ending, folder), 'utf8')
  const lines = (/^(?:\/\/.*\n)+/.exec(text)?.[0] ?? '').split('\n').map((line) => line.replace(/^\/\/ ?/, ''))
  const fact = (label: string): string | undefined =>
    lines.find((line) => line.startsWith(`${label}: `))?.slice(label.length + 2)
  const takesUpstream = JSON.stringify(valueOf(text)).includes(placeholder)
  const description = lines[0] ?? ''
  return {
    ...{ name, description, takesUpstream, text },
    ...{ upstream: fact('Upstream'), example: fact('Example'), start: fact('Start'), guide: fact('Guide') ?? '' },
  }
}

/** What is wrong with the name of a preset; undefined if there is one. */
export function unknownPreset(name: string): Omit<Problem, 'path'> | undefined {
  const names = presetNames()
  if (names.includes(name)) return undefined
  const meant = nearest(name, names)
  return {
    message: `there is no preset ${quote(name)}; it must be one of: ${names.join(', ')}`,
    hint: meant === undefined ? 'serve8008 presets' : `did you mean ${meant}?`,
  }
}

/** What is wrong with the upstream of a preset; undefined if nothing is. */
export function upstreamProblem(preset: Preset, given: unknown): Omit<Problem, 'path'> | undefined {
  const { name, upstream, takesUpstream, example = 'http://localhost:3000' } = preset
  const start = startCommand(preset, undefined)
  if (!takesUpstream) {
    if (given === undefined) return undefined
    return { message: `the preset ${name} forwards nothing`, hint: `leave it out: serve8008 --preset ${name}` }
  }
  if (given === undefined) {
    if (upstream !== undefined) return undefined
    const how = start === undefined ? ': the server to forward to' : `, such as the server that "${start}" starts`
    return {
      message: `the preset ${name} needs an upstream${how}`,
      hint: `serve8008 --preset ${name} --upstream ${example}`,
    }
  }
  const problems: Problem[] = []
  const url = upstreamUrl(given)
  resolveUpstream(url, [], problems)
  const [target = '', words] = url.split(/,(.*)/s)
  if (problems.length === 0 || words === undefined || resolveUpstream(target, [], []) === undefined) return problems[0]
  const [path = ''] = proxiesOf(preset)
  const message = 'words behind a comma belong to a route, not to the upstream of a preset'
  return { message, hint: `serve8008 --preset ${name} -x ${path}=${target},${words}` }
}

/** The matches of `proxy` that forward to the upstream. */
export function proxiesOf({ text }: Preset): string[] {
  const { proxy = {} } = valueOf(text)
  const uses = ([, value]: readonly [string, unknown]): boolean => JSON.stringify(value).includes(placeholder)
  return Object.entries(proxy as object)
    .filter(uses)
    .map(([path]) => path)
}

/** Where a preset forwards to; undefined where it forwards nothing, or the upstream is wrong. */
export function upstreamOf({ takesUpstream, upstream }: Preset, given: unknown): ResolvedUpstream | undefined {
  const target = given ?? upstream
  return takesUpstream && target !== undefined ? resolveUpstream(upstreamUrl(target), [], []) : undefined
}

/** The command that starts an upstream, with its port. What is in brackets is for another port than that of the preset. */
export function startCommand(preset: Preset, given: unknown): string | undefined {
  const [usual, own] = [upstreamOf(preset, undefined), upstreamOf(preset, given)]
  const port = (own?.socketPath === undefined ? own : usual)?.port
  return preset.start
    ?.replace(/\[(.*)\]/, (_, more: string) => (port === usual?.port ? '' : more))
    .replace('{port}', String(port))
}

/** The text of a preset for an upstream: what it sets, and what a config file can hold. */
export function presetText(preset: Preset, given: unknown): string {
  const { upstream, start = '' } = preset
  const text = preset.text.replace(start, () => startCommand(preset, given) ?? '')
  const url = given === undefined ? upstream : upstreamUrl(given)
  if (url === undefined) return text
  const quoted = JSON.stringify(url).slice(1, -1)
  // A colon ends the path of a socket: unix:/run/hs.sock:/_matrix.
  const isSocket = /^unix:[^:]*$/i.test(url)
  return text.replaceAll(`${placeholder}/`, `${quoted}${isSocket ? ':' : ''}/`).replaceAll(placeholder, quoted)
}

/** The options of {@link presetText}. */
export function optionsOfPreset(preset: Preset, given: unknown): Readonly<Record<string, unknown>> {
  return valueOf(presetText(preset, given))
}

/**
 * The preset that the options of the other sources name, as a source that is weaker than all of them; none where they name
 * none. Its routes come behind theirs.
 */
export function presetSources(options: ServeOptions, problems: Problem[]): OptionSource[] {
  const { preset: name, upstream } = options as Readonly<Record<string, unknown>>
  // Validation reports another type.
  if (name !== undefined && typeof name !== 'string') return []
  if (name === undefined) {
    if (upstream === undefined) return []
    const hint = 'serve8008 --preset NAME, or without a preset serve8008 --proxy /=URL'
    problems.push({ path: ['upstream'], message: 'it needs the option preset', hint })
    return []
  }
  const unknown = unknownPreset(name)
  if (unknown !== undefined) {
    problems.push({ path: ['preset'], ...unknown })
    return []
  }
  const preset = readPreset(name)
  const wrong = upstreamProblem(preset, upstream)
  if (wrong !== undefined && upstream !== undefined) {
    problems.push({ ...wrong, path: ['upstream'] })
    return []
  }
  const missing = wrong && { ...wrong, path: ['preset'] }
  const ofUpstream = proxiesOf(preset)
  const names = new Map<string, string>()
  const { routes = [], ...own } = optionsOfPreset(preset, upstream)
  const origin = `preset ${name}`
  const origins = new Map(Object.keys(own).map((key) => [key, origin]))
  const finish: OptionSource['finish'] = (merged, all) => {
    addRoutes(routes as readonly Route[], origin, merged, all)
    const left = ofUpstream.filter((path) => all.get(`proxy.${path}`) === origin)
    if (missing !== undefined) requireUpstream(missing, left, merged['proxy'] as Record<string, unknown>)
    names.clear()
    if (upstream !== undefined) for (const path of left) names.set(`proxy.${path}`, 'upstream')
    // `--no-tls` is about every listener.
    if (merged['tls'] === false && all.get('listeners') === origin) {
      merged['listeners'] = (own['listeners'] as readonly ListenerOptions[]).filter(({ tls }) => tls !== true)
    }
  }
  return [{ options: own, origins, problems: [], finish, names }]

  /** Adds the problem where routes are left that forward to the upstream, and removes it where none is. */
  function requireUpstream(problem: Problem, left: readonly string[], proxy: Record<string, unknown>): void {
    for (const path of left) delete proxy[path]
    // Sources are merged again for each plugin.
    if (problems.includes(problem)) problems.splice(problems.indexOf(problem), 1)
    if (left.length > 0) problems.push(problem)
  }
}

type Route = Readonly<Record<string, unknown>>

/** Adds the routes of a preset behind those of the user. A route of the user with the same match or id replaces one. */
function addRoutes(
  routes: readonly Route[],
  origin: string,
  merged: Record<string, unknown>,
  origins: Map<string, string>,
): void {
  const given = merged['routes'] ?? []
  if (routes.length === 0 || !Array.isArray(given)) return
  const isSame = (one: Route, other: unknown): boolean =>
    isPlainObject(other) &&
    (isDeepStrictEqual(other['match'], one['match']) || (other['id'] !== undefined && other['id'] === one['id']))
  const left = routes.filter((route) => !given.some((other) => isSame(route, other)))
  if (given.length === 0) origins.set('routes', origin)
  else left.forEach((_, i) => origins.set(`routes.${given.length + i}`, origin))
  merged['routes'] = [...(given as unknown[]), ...left]
}

/** `3000` and `localhost:3000` are URLs of plain HTTP. */
function upstreamUrl(given: unknown): string {
  const text = String(given).trim().replace(/\/+$/, '')
  if (/^:?\d+$/.test(text)) return `http://localhost:${text.replace(':', '')}`
  return /^(?:[\w.-]+|\[[^\]]*\])(?::\d+)?(?:\/.*)?$/.test(text) ? `http://${text}` : text
}

function valueOf(text: string): Record<string, unknown> {
  const parsed = parseJson(text)
  if ('fault' in parsed) throw new Error(`A preset is broken at line ${parsed.fault.line}: ${parsed.fault.hint}.`)
  return parsed.value as Record<string, unknown>
}
