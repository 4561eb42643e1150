import { isSecretWord } from './marks.ts'
import type { MarkSecret } from './shapes.ts'

const tag = /<([a-z_][\w:.-]*)((?:\s[^<>]*)?)>/gi
const attribute = /(?<![\w:.-])([\w:.-]+)(\s*=\s*)(?:"([^"]*)"|'([^']*)'|([^\s"'<>=`]+))/g
/** Attributes that name what another attribute has: a field of a form, the metadata of a page. */
const naming: ReadonlySet<string> = new Set(['name', 'id', 'property', 'key', 'autocomplete'])
const named: ReadonlySet<string> = new Set(['value', 'content'])

/** HTML or XML without the text of elements and the values of attributes whose name suggests a secret. */
export function redactMarkup(text: string, mark: MarkSecret): string {
  let result = ''
  let from = 0
  tag.lastIndex = 0
  for (let found = tag.exec(text); found !== null; found = tag.exec(text)) {
    const [all, name = '', attributes = ''] = found
    const [shown, isSecret] = attributes === '' ? [attributes, false] : redactAttributes(attributes, mark)
    result += text.slice(from, found.index) + (attributes === '' ? all : `<${name}${shown}>`)
    from = tag.lastIndex
    const isNamed = isSecretWord(name.replace(/^.*:/, '')) || (isSecret && /^textarea$/i.test(name))
    const isElement = isNamed && !attributes.endsWith('/')
    if (!isElement) continue
    const end = text.indexOf(`</${name}`, from)
    const content = text.slice(from, end === -1 ? text.length : end)
    if (content.trim() !== '') result += mark(content.replace(/^\s*<!\[CDATA\[|\]\]>\s*$/g, ''))
    from += content.length
    tag.lastIndex = from
  }
  return result + text.slice(from)
}

/** The attributes without secrets, and whether they name one. */
function redactAttributes(attributes: string, mark: MarkSecret): readonly [shown: string, isSecret: boolean] {
  const all = [...attributes.matchAll(attribute)].map(([, name = '', , ...values]) => ({
    name: name.toLowerCase(),
    value: valueOf(values),
  }))
  const isSecret =
    all.some(({ name, value }) => naming.has(name) && isSecretWord(value)) ||
    all.some(({ name, value }) => name === 'type' && value.toLowerCase() === 'password')
  const shown = attributes.replace(
    attribute,
    (whole, name: string, equals: string, ...values: (string | undefined)[]) => {
      const value = valueOf(values.slice(0, 3))
      const isHidden = isSecretWord(name) || (isSecret && named.has(name.toLowerCase()))
      if (value === '' || !isHidden || /^(?:key|autocomplete)$/i.test(name)) return whole
      return `${name}${equals}"${mark(value)}"`
    },
  )
  return [shown, isSecret]
}

function valueOf(forms: readonly (string | undefined)[]): string {
  return forms.find((form) => form !== undefined) ?? ''
}
