import assert from 'node:assert/strict'
import { isServeError, type ServeError } from '../../../src/core/serve-error.ts'
import { resolveConfig, type ResolveContext } from '../../../src/config/resolve/resolve.ts'
import type { ServeOptions } from '../../../src/config/types.ts'

/** The error that wrong options end in. Accepts any value: wrong options are its business. */
export function errorOf(options: unknown, context?: ResolveContext): ServeError {
  try {
    resolveConfig(options as ServeOptions, context)
  } catch (error) {
    assert.ok(isServeError(error), `not a ServeError: ${String(error)}`)
    assert.equal(error.code, 'E8008_CONFIG_INVALID')
    return error
  }
  assert.fail(`accepted: ${JSON.stringify(options)}`)
}

/** The problems of wrong options. */
export function problemsOf(options: unknown): readonly string[] {
  return errorOf(options).problems
}

/** The one problem of options that are wrong in one way. */
export function problemOf(options: unknown): string {
  const problems = problemsOf(options)
  assert.equal(problems.length, 1, problems.join('\n'))
  return problems[0] ?? ''
}
