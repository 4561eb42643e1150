/** `npm run check [-- step ...]`: everything that has to hold beside the tests, each step with its time. */
import { fromRoot } from './paths.ts'
import { printTable, runNpm, seconds } from './run.ts'

/** Each step is an npm script of its own. The cheap ones come first. */
const steps = ['format:check', 'lint', 'typecheck', 'unused', 'words', 'structure', 'check:sizes', 'check:package']

const given = process.argv.slice(2)
const rows = [['step', 'result', 'time']]
for (const step of given.length > 0 ? given : steps) {
  console.log(`\n== ${step}`)
  const { code, ms } = await runNpm(['run', '--silent', step], { cwd: fromRoot() })
  rows.push([step, code === 0 ? 'passed' : 'FAILED', seconds(ms)])
}
console.log('')
printTable(rows)
process.exitCode = rows.some((row) => row[1] === 'FAILED') ? 1 : 0
