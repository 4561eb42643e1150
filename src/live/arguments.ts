import { ServeError } from '../errors/serve-error.ts'

/** Programs that call us need not be typed. @throws ServeError E8008_CONFIG_INVALID */
export function checkPaths(paths: unknown): void {
  if (paths === undefined) return
  if (Array.isArray(paths) && paths.every((path) => typeof path === 'string')) return
  throw refusal("reload() takes a list of paths: reload(['dist/app.css']), or nothing for every page.")
}

/** @throws ServeError E8008_CONFIG_INVALID */
export function checkError(error: unknown): void {
  if (error === undefined) return
  const { title, message } = (error ?? {}) as { title?: unknown; message?: unknown }
  if (typeof title === 'string' && typeof message === 'string') return
  throw refusal('showError() takes { title, message } and perhaps file, line and frame, or nothing to take it away.')
}

function refusal(message: string): ServeError {
  return new ServeError('E8008_CONFIG_INVALID', message)
}
