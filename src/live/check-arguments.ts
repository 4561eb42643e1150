import { ServeError } from '../core/serve-error.ts'

/** Programs that call us need not be typed. @throws ServeError E8008_CONFIG_INVALID */
export function checkPaths(paths: unknown): void {
  if (paths === undefined) return
  if (Array.isArray(paths) && paths.every((path) => typeof path === 'string')) return
  throw invalid("reload() takes a list of paths: reload(['dist/app.css']), or nothing for every page.")
}

/** What `showError` may say beside title and message. */
const details = { file: 'string', line: 'number', frame: 'string' } as const

/** @throws ServeError E8008_CONFIG_INVALID */
export function checkError(error: unknown): void {
  if (error === undefined) return
  const given = (error ?? {}) as Readonly<Record<string, unknown>>
  if (typeof given['title'] !== 'string' || typeof given['message'] !== 'string') {
    throw invalid(
      'showError() takes { title, message } and perhaps file, line and frame, or nothing to take it away.',
      "write showError({ title: 'Build failed', message: String(error) })",
    )
  }
  for (const [key, type] of Object.entries(details)) {
    const value = given[key]
    if (value === undefined || typeof value === type) continue
    throw invalid(`showError() takes a ${type} as ${key}, and nothing else.`)
  }
}

/** @throws ServeError E8008_CONFIG_INVALID */
export function checkMessage(message: unknown): void {
  if (typeof message === 'string') return
  throw invalid('notify() takes a text.', "write notify('Build finished')")
}

function invalid(message: string, hint?: string): ServeError {
  return new ServeError('E8008_CONFIG_INVALID', message, { hint })
}
