/** `npm run words [-- folder ...]`: finds phrases that have a plainer word, in code, tests, documentation and messages. */
import { readFileSync } from 'node:fs'
import { fromRoot } from './paths.ts'
import { runCommand } from './run.ts'

/** Each phrase, and what to write. A phrase is found in any case, between word boundaries. */
const phrases: Readonly<Record<string, string>> = {
  whoever: 'the actor: client, upstream, page, user, caller',
  somebody: 'the actor: client, upstream, page, user, caller',
  nobody: 'no client, no caller, not',
  'those who': 'the actor: clients that, users who',
  '(?:told|tells?|telling) of': 'reported, reports',
  '(?:heard|hears?) of': 'knows, learns, receives',
  anew: 'again',
  'in the place of': 'instead of, replaces',
  'lets? go(?: of)?': 'unwatched, released, closed',
  'means nothing': 'has no effect, cannot be combined',
  'is nothing': 'none, is empty, is not',
  'in vain': 'without effect',
  'for nothing': 'without effect',
  'goes on': 'continues',
  'leads to': 'points to, forwards to, opens',
  'way out': 'suggestion, exit',
}

/** What names the phrases in order to keep them out. */
const exempt = /^(?:scripts\/words\.ts|docs\/contributing\/style\.md)$/
const text = /\.(?:ts|js|mjs|md|html|css|json|yml)$/

const pattern = new RegExp(`\\b(?:${Object.keys(phrases).join('|')})\\b`, 'gi')
const folders = process.argv.slice(2)
const tracked = ['ls-files', '--', ...(folders.length > 0 ? folders : ['.'])]
const { output } = await runCommand('git', tracked, { cwd: fromRoot(), stdio: ['ignore', 'pipe', 'inherit'] })
let found = 0
for (const path of output.split('\n')) {
  if (!text.test(path) || exempt.test(path) || path === 'package-lock.json') continue
  for (const [index, line] of readFileSync(fromRoot(path), 'utf8').split('\n').entries()) {
    for (const [phrase] of line.matchAll(pattern)) {
      const [, better] = Object.entries(phrases).find(([old]) => new RegExp(`^(?:${old})$`, 'i').test(phrase)) ?? []
      console.log(`${path}:${index + 1}: "${phrase}": write ${better}`)
      found++
    }
  }
}
console.log(`${found} phrases that have a plainer word`)
process.exitCode = found === 0 ? 0 : 1
