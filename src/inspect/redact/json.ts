import { redactUrl } from '../../core/util/secret.ts'
import { isSecretWord } from './marks.ts'
import type { MarkSecret } from './shapes.ts'

const token = /"([^"\\]*(?:\\[^][^"\\]*)*)("|$|\\$)|[{}[\],:]|[^\s"{}[\],:]+/g

/** What a value stands in: a list, or an object with its last key. */
interface Container {
  readonly isObject: boolean
  /** Whether all within it is secret. */
  readonly isSecret: boolean
  key: string | undefined
  /** Whether its last text was the name of a secret, as in `{"name":"token","value":…}` and `[["token",…]]`. */
  isNamed: boolean
}

const nameKey = /^(?:name|key|header|field|id)$/i
const valueKey = /^val(?:ue)?s?$/i

/**
 * JSON text without the values of keys that suggest a secret, at any depth. It may be cut off, or be several values after
 * each other; all else stays as it is, spaces too.
 *
 * @param redactString Redacts the value of any other text.
 */
export function redactJson(text: string, mark: MarkSecret, redactString: (value: string) => string): string {
  const stack: Container[] = []
  let result = ''
  let from = 0
  let isSecretValue = false
  // Texts within are redacted meanwhile, so that each call has its own place.
  for (const found of text.matchAll(token)) {
    const [word, content, end] = found
    const inside = stack.at(-1)
    if (word === '{' || word === '[') {
      const isSecret = isSecretValue || inside?.isSecret === true
      stack.push({ isObject: word === '{', isSecret, key: undefined, isNamed: false })
      isSecretValue = false
      continue
    }
    if (word === '}' || word === ']') stack.pop()
    if (word === '}' || word === ']' || word === ',') {
      isSecretValue = false
      const around = stack.at(-1)
      if (around !== undefined) around.key = undefined
      continue
    }
    if (word === ':') {
      isSecretValue = inside?.key !== undefined && isSecretWord(inside.key)
      continue
    }
    if (content !== undefined && inside?.isObject === true && inside.key === undefined) {
      inside.key = parsed(content)
      continue
    }
    const value = content === undefined ? word : parsed(content)
    const key = inside?.key ?? ''
    const isNamed = inside?.isNamed === true && (!inside.isObject || valueKey.test(key))
    const isHidden =
      (isSecretValue || isNamed || inside?.isSecret === true) && !isPlain(key, value, content !== undefined)
    const changed = isHidden ? mark(value) : content === undefined ? value : redactString(value)
    const isName =
      content !== undefined && (inside?.isObject === false ? stack.at(-2)?.isObject === false : nameKey.test(key))
    if (inside !== undefined && (isName || !inside.isObject)) inside.isNamed = isName && isSecretWord(value)
    if (changed === value) continue
    result += `${text.slice(from, found.index)}"${quoted(changed)}${end === undefined || end === '"' ? '"' : ''}`
    from = found.index + word.length
  }
  return result + text.slice(from)
}

/** What keys of secrets hold that is none: nothing, a truth value, a number of tokens, a code of an error. */
function isPlain(key: string, value: string, isText: boolean): boolean {
  if (value === '' || (!isText && /^(?:true|false|null)$/.test(value))) return true
  if (!isText && /tokens$/i.test(key)) return true
  return /^code$/i.test(key) && (isText ? /^[a-z_. /-]+$/i.test(value) : /^-?\d{1,3}$/.test(value))
}

function parsed(content: string): string {
  if (!content.includes('\\')) return content
  try {
    return JSON.parse(`"${content}"`) as string
  } catch {
    // It is cut off within an escape, or is no JSON; what stands in its quotes must be seen all the same.
    return content.replace(/\\(?:u[\da-f]{0,3})?$/i, '').replace(/\\(["\\/])/g, '$1')
  }
}

/** The text is Latin-1, in which bytes of UTF-8 stay what they are. */
function quoted(value: string): string {
  return JSON.stringify(value)
    .slice(1, -1)
    .replace(/[\u0100-\uffff]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`)
}

/** A parameter whose value is JSON, encoded or not. */
const jsonParameter = /=((?:%7b|%5b|[{[])[^&#]*)/gi

/** As {@link redactUrl}, and without the secrets of JSON in parameters. */
export function redactAddress(url: string, mark: MarkSecret): string {
  return redactUrl(url, mark).replace(jsonParameter, (all, value: string) => {
    try {
      const plain = decodeURIComponent(value)
      const clean = redactJson(plain, mark, (text) => redactUrl(text, mark))
      return clean === plain ? all : `=${encodeURIComponent(clean)}`
    } catch {
      // Perhaps it was cut off.
      return `=${mark(value)}`
    }
  })
}
