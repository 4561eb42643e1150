import type { ImportModule } from '../config/file.ts'

/**
 * Imports a config file without what Node prints about its kind: a module in a project without "type" works, and
 * where it does not, our error says how to name it. Every other warning passes.
 */
export const importConfig: ImportModule = async (url) => {
  const { emit } = process
  const filtered = (event: string, ...given: readonly unknown[]): boolean =>
    event === 'warning' && isAboutKind(given[0]) ? false : (Reflect.apply(emit, process, [event, ...given]) as boolean)
  process.emit = filtered as typeof process.emit
  try {
    return await import(url)
  } finally {
    // Warnings are sent a tick after what caused them.
    await new Promise((resolve) => setImmediate(resolve))
    if (process.emit === filtered) process.emit = emit
  }
}

function isAboutKind(warning: unknown): boolean {
  if (!(warning instanceof Error)) return false
  const code = 'code' in warning ? warning.code : undefined
  return code === 'MODULE_TYPELESS_PACKAGE_JSON' || /^To load an ES module\b/.test(warning.message)
}
