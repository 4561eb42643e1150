import { isBuiltin } from 'node:module'
import type { Plugin } from 'rollup'

/**
 * Takes built-ins from the process instead of importing them (Node 20.16 and later). For an import Node reads every
 * export of a built-in, and so loads what nothing here uses: `node:http` of Node 22 and later loads undici, 20 ms of the
 * command's start.
 */
export const takeBuiltins: Plugin = {
  name: 'take-builtins',
  // No line moves, so the source map stays.
  renderChunk: (code) => ({
    code: code.replace(/^import (?:(.+) from )?'([^']+)';$/gm, (statement, clause: string | undefined, name: string) =>
      isBuiltin(name) ? declarations(clause, name) : statement,
    ),
    map: null,
  }),
}

/** `const { join: join$1 } = …` for `import { join as join$1 } from 'node:path'`; nothing for an import without names. */
function declarations(clause = '', name: string): string {
  // `path`, `* as path`, `{ join as join$1 }`, or two of them
  const patterns =
    clause
      .replace(/^\* as /, '')
      .replaceAll(' as ', ': ')
      .match(/\{.*\}|[\w$]+/g) ?? []
  return patterns.map((pattern) => `const ${pattern} = process.getBuiltinModule('${name}');`).join(' ')
}
