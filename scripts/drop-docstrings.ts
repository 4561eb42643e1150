import { parseSync } from 'oxc-parser'
import type { Plugin } from 'rollup'

/**
 * Drops the docstrings of object literals, which are for editors. esbuild drops every other comment, and keeps these: the
 * start of the command would read 13 kB of them.
 */
export const dropDocstrings: Plugin = {
  name: 'drop-docstrings',
  renderChunk(code, { fileName }) {
    let kept = ''
    let end = 0
    for (const comment of parseSync(fileName, code).comments) {
      if (comment.type !== 'Block' || !isAlone(code, comment)) continue
      // No line moves, so the source map stays.
      kept += code.slice(end, comment.start).replace(/ +$/, '') + comment.value.replace(/[^\n]/g, '')
      end = comment.end
    }
    return { code: kept + code.slice(end), map: null }
  },
}

/** Whether nothing else is on the lines of a comment. */
function isAlone(code: string, { start, end }: { readonly start: number; readonly end: number }): boolean {
  return /^\s*$/.test(code.slice(code.lastIndexOf('\n', start) + 1, start)) && code[end] === '\n'
}
