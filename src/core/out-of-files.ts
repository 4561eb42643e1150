import { ServeError } from './serve-error.ts'

/**
 * A 503 for a system without free file descriptors, which is temporary (RFC 9110 section 15.6.4). Undefined for other
 * errors.
 */
export function outOfFiles(cause: unknown): ServeError | undefined {
  const code = cause instanceof Error && 'code' in cause ? cause.code : undefined
  if (code !== 'EMFILE' && code !== 'ENFILE') return undefined
  return new ServeError('E8008_BUSY', 'Too many files are open.', {
    hint: 'raise the limit of open files: ulimit -n 8192',
    headers: ['Retry-After', '1'],
    cause,
  })
}
