import type { FromPage } from './protocol.ts'

/** Most paths that are kept of one page. The newest are kept, because the page shows them. */
export const maxPaths: number = 4096
/** Most characters of one path, and of one console text. */
const maxPathLength = 4096
const maxTextLength = 4096

/** Parses a message of a page. Undefined for an invalid one: messages are input from outside, like requests. */
export function parseMessage(data: string): FromPage | undefined {
  const message = parseObject(data)
  switch (message?.['type']) {
    case 'hello':
      return helloOf(message)
    case 'uses': {
      const resources = pathsOf(message['resources'])
      return resources === undefined ? undefined : { type: 'uses', resources }
    }
    case 'console': {
      const { level, text } = message
      if (level !== 'error' && level !== 'exception' && level !== 'rejection') return undefined
      return typeof text === 'string' ? { type: 'console', level, text: text.slice(0, maxTextLength) } : undefined
    }
    default:
      return undefined
  }
}

function helloOf(message: Record<string, unknown>): FromPage | undefined {
  const { document, age, ageAt, loadedAfter, syncedAt } = message
  const resources = pathsOf(message['resources'])
  if (!isPath(document) || resources === undefined) return undefined
  const times = {
    ...timeOf('age', age),
    ...timeOf('ageAt', ageAt),
    ...timeOf('loadedAfter', loadedAfter),
    ...timeOf('syncedAt', syncedAt),
  }
  return { type: 'hello', document, resources, ...times }
}

function timeOf<Name extends string>(name: Name, value: unknown): { [Key in Name]?: number } {
  const time = typeof value === 'number' && Number.isFinite(value) && value >= 0 ? { [name]: value } : {}
  return time as { [Key in Name]?: number }
}

function pathsOf(value: unknown): string[] | undefined {
  return Array.isArray(value) ? value.slice(-maxPaths).filter(isPath) : undefined
}

function isPath(value: unknown): value is string {
  return typeof value === 'string' && value.startsWith('/') && value.length <= maxPathLength
}

function parseObject(data: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(data)
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : undefined
  } catch {
    return undefined
  }
}
