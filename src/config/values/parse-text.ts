import { expected, quote } from '../diagnostic.ts'

/** A parsed value, or the problem of the text. */
export type Parsed = { readonly value: unknown } | { readonly message: string; readonly hint: string }

/** Parses one option from the text of its variable, or from the texts of its flag (one for each time it was given). */
export type TextParser = (texts: readonly string[]) => Parsed

const words: ReadonlyMap<string, boolean> = new Map([
  ['true', true],
  ['yes', true],
  ['on', true],
  ['1', true],
  ['false', false],
  ['no', false],
  ['off', false],
  ['0', false],
])

function last(texts: readonly string[]): string {
  return texts[texts.length - 1] ?? ''
}

function pieces(texts: readonly string[]): string[] {
  return texts
    .flatMap((text) => text.split(','))
    .map((piece) => piece.trim())
    .filter((piece) => piece !== '')
}

/** `true`, `yes`, `on`, `1` and their opposites. */
export function parseSwitch(texts: readonly string[]): Parsed {
  const value = words.get(last(texts).toLowerCase())
  if (value !== undefined) return { value }
  return { message: expected('true or false', last(texts)), hint: 'use true or false' }
}

/** The text as it is; the last one counts. */
export function parseText(texts: readonly string[]): Parsed {
  return { value: last(texts) }
}

/** A switch, or a text such as a page or a path. */
export function parseSwitchOrText(texts: readonly string[]): Parsed {
  return { value: words.get(last(texts).toLowerCase()) ?? last(texts) }
}

/** A folder, or `false` for none. */
export function parseFolder(texts: readonly string[]): Parsed {
  return { value: last(texts).trim() === 'false' ? false : last(texts) }
}

/** A whole number without a sign. */
export function parseInteger(texts: readonly string[]): Parsed {
  const text = last(texts).trim()
  if (/^\d{1,15}$/.test(text)) return { value: Number(text) }
  return { message: expected('a whole number', text), hint: 'use digits only' }
}

/** One port, or several separated by commas; the last text counts. */
export function parsePorts(texts: readonly string[]): Parsed {
  const ports = pieces([last(texts)])
  const wrong = ports.find((port) => !/^\d{1,15}$/.test(port))
  if (wrong !== undefined || ports.length === 0) {
    return {
      message: expected('a port from 0 to 65535', wrong ?? last(texts)),
      hint: 'use a whole number from 0 to 65535',
    }
  }
  const numbers = ports.map(Number)
  return { value: numbers.length === 1 ? numbers[0] : numbers }
}

/** Words separated by commas. */
export function parseList(texts: readonly string[]): Parsed {
  return { value: pieces(texts) }
}

/** A switch, or words separated by commas; a switch overrides earlier texts. */
export function parseSwitchOrList(texts: readonly string[]): Parsed {
  const at = texts.findLastIndex((text) => words.has(text.trim().toLowerCase()))
  return at === texts.length - 1 ? parseSwitch([last(texts).trim()]) : parseList(texts.slice(at + 1))
}

/** Seconds, `off`, `on`, or a text for `resolveCache`. Here 0 and 1 are seconds. */
export function parseCache(texts: readonly string[]): Parsed {
  const text = last(texts).trim()
  if (/^-?\d{1,15}$/.test(text)) return { value: Number(text) }
  return parseSwitchOrText([text])
}

/** Seconds, or a text for `resolveTimeout`. */
export function parseTime(texts: readonly string[]): Parsed {
  const text = last(texts).trim()
  return { value: /^-?\d{1,15}$/.test(text) ? Number(text) : text }
}

/** `Name: value` pairs. */
export function parseHeaders(texts: readonly string[]): Parsed {
  return parsePairs(texts, {
    separator: ':',
    isSecret: true,
    hint: 'write Name: value',
    spell: (name) => name.toLowerCase(),
  })
}

/** `/path=folder` pairs. */
export function parseMounts(texts: readonly string[]): Parsed {
  return parsePairs(texts, { separator: '=', hint: 'write /path=folder' })
}

/** `MATCH=TARGET` pairs; a repeated match has several targets. */
export function parseProxy(texts: readonly string[]): Parsed {
  const routes = new Map<string, readonly string[]>()
  for (const text of texts) {
    const border = text.indexOf('=')
    const meant = meantRoute(text)
    if (border < 1 || border === text.length - 1 || meant !== undefined) {
      const usual = 'write /path=http://localhost:3000 or name.localhost=http://localhost:3000'
      const hint = meant === undefined ? usual : `did you mean ${quote(meant)}?`
      return { message: `${quote(text)} is not a match and a target`, hint }
    }
    const match = text.slice(0, border).trim()
    routes.set(match, [...(routes.get(match) ?? []), text.slice(border + 1).trim()])
  }
  return {
    value: Object.fromEntries([...routes].map(([match, to]) => [match, to.length === 1 ? to[0] : to])),
  }
}

/** `/api=3000` for `/api:3000`, `/=3000` for a target alone; undefined where a match is there or cannot be guessed. */
function meantRoute(text: string): string | undefined {
  if (/^[a-z][a-z0-9+.-]*:\/\//i.test(text)) return `/=${text}`
  const [, match, target] = /^(\/[^=:]*|[\w.*-]+\.localhost):([^=]+)$/.exec(text) ?? []
  if (match !== undefined) return `${match}=${target}`
  return /^(?:[\w.-]*:)?\d+(?:\/[^=]*)?$/.test(text) ? `/=${text}` : undefined
}

/** JSON, for options without a shorter form. */
export function parseJsonText(texts: readonly string[]): Parsed {
  try {
    return { value: JSON.parse(last(texts)) as unknown }
  } catch {
    // The message does not repeat it: it may hold a passphrase or a field with credentials.
    return { message: 'the value is not JSON', hint: 'use JSON, or a config file' }
  }
}

/** `name=value` pairs whose values are whole numbers, the last of a name counts. Names may be written `header-bytes` or `headerBytes`. */
export function parseLimits(texts: readonly string[]): Parsed {
  return parsePairs(
    texts.flatMap((text) => text.split(',')),
    {
      separator: '=',
      hint: 'write name=value',
      spell: (name) => name.replace(/-([a-z])/g, (_all, letter: string) => letter.toUpperCase()),
      read: (value) => (/^-?\d{1,16}$/.test(value) ? Number(value) : value),
      lastCounts: true,
    },
  )
}

interface PairForm {
  readonly separator: string
  /** The hint. */
  readonly hint: string
  /** Whether messages leave out a text that is no pair. Default false. */
  readonly isSecret?: boolean
  readonly spell?: (name: string) => string
  readonly read?: (value: string) => unknown
  /** Whether a name may be repeated. Default false: two fields or folders with one name are a mistake. */
  readonly lastCounts?: boolean
}

function parsePairs(texts: readonly string[], form: PairForm): Parsed {
  const {
    separator,
    hint,
    isSecret = false,
    spell = (name) => name,
    read = (value) => value,
    lastCounts = false,
  } = form
  const pairs = new Map<string, unknown>()
  for (const text of texts) {
    const border = text.indexOf(separator)
    if (border < 1) {
      const lacks = border === 0 ? 'name before ' : ''
      return { message: `${isSecret ? 'the value' : quote(text)} has no ${lacks}${quote(separator)}`, hint }
    }
    const name = spell(text.slice(0, border).trim())
    if (pairs.has(name) && !lastCounts) return { message: `${quote(name)} is given twice`, hint: 'keep one of them' }
    pairs.set(name, read(text.slice(border + 1).trim()))
  }
  return { value: Object.fromEntries(pairs) }
}
