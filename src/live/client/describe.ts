/** The text of logged values. Placeholders are replaced as the console standard says. */
export function formatLog(values: readonly unknown[]): string {
  try {
    return formatAll(values)
  } catch {
    // A value may throw when it is converted; the page's own call must not fail.
    return 'a value that cannot be shown'
  }
}

function formatAll(values: readonly unknown[]): string {
  const [first, ...rest] = values
  if (typeof first !== 'string') return values.map(describeValue).join(' ')
  const text = first.replace(/%([sdifoOc%])/g, (whole, letter: string) => {
    if (letter === '%') return '%'
    if (rest.length === 0) return whole
    const value = rest.shift()
    // `%c` styles what follows.
    if (letter === 'c') return ''
    return /[dif]/.test(letter) ? String(Number(value)) : describeValue(value)
  })
  return [text, ...rest.map(describeValue)].join(' ')
}

/** The text of a value: an error with its stack, an element as its tag, other objects as JSON. */
export function describeValue(value: unknown): string {
  if (typeof value === 'string') return value
  if (value instanceof Error) return describeError(value)
  if (value instanceof Element) return `<${value.localName}>`
  if (typeof value !== 'object' || value === null) return String(value)
  try {
    return JSON.stringify(value)
  } catch {
    return Object.prototype.toString.call(value)
  }
}

/** Some browsers start the stack with name and message, others omit them. */
function describeError(error: Error): string {
  const head = `${error.name}: ${error.message}`
  const stack = error.stack ?? ''
  return stack.startsWith(head) || stack === '' ? stack || head : `${head}\n${stack}`
}
