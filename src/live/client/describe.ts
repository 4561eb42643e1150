/** The text of what was logged, with the placeholders of the console standard filled. */
export function formatLog(values: readonly unknown[]): string {
  try {
    return formatAll(values)
  } catch {
    // A value may refuse to be shown; the page's own call must not fail for it.
    return 'something that cannot be shown'
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

/** A value in one text: errors with their stack, everything else as short as it tells something. */
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

/** Some browsers begin the stack with the message, others leave it out. */
function describeError(error: Error): string {
  const head = `${error.name}: ${error.message}`
  const stack = error.stack ?? ''
  return stack.startsWith(head) || stack === '' ? stack || head : `${head}\n${stack}`
}
