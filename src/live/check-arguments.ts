import { ServeError } from '../core/serve-error.ts'

/** Checks at run time, because JavaScript callers have no types. @throws ServeError E8008_CONFIG_INVALID */
export function checkPaths(paths: unknown): void {
  if (paths === undefined) return
  if (Array.isArray(paths) && paths.every((path) => typeof path === 'string')) return
  throw invalid(
    "reload() expects a list of paths, such as reload(['dist/app.css']), or no argument to reload every page.",
  )
}

/** Optional properties of an error for `showError`, with their types. */
const details = { file: 'string', line: 'number', frame: 'string' } as const

/** @throws ServeError E8008_CONFIG_INVALID */
export function checkError(error: unknown): void {
  if (error === undefined) return
  const given = (error ?? {}) as Readonly<Record<string, unknown>>
  if (typeof given['title'] !== 'string' || typeof given['message'] !== 'string') {
    throw invalid(
      'showError() expects { title, message } with optional file, line and frame, or no argument to hide the error.',
      "write showError({ title: 'Build failed', message: String(error) })",
    )
  }
  for (const [key, type] of Object.entries(details)) {
    const value = given[key]
    if (value === undefined || typeof value === type) continue
    throw invalid(`showError() expects ${key} to be a ${type}.`)
  }
}

/** @throws ServeError E8008_CONFIG_INVALID */
export function checkMessage(message: unknown): void {
  if (typeof message === 'string') return
  throw invalid('notify() expects a string.', "write notify('Build finished')")
}

function invalid(message: string, hint?: string): ServeError {
  return new ServeError('E8008_CONFIG_INVALID', message, { hint })
}
