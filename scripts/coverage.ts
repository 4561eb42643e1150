/** `npm run coverage`: runs `npm test -- --covered`, and fails if it runs too few lines of `src/`. */
import { rmSync } from 'node:fs'
import { CoverageReport } from 'monocart-coverage-reports'
import { coverageFolder } from './compile-folder.ts'
import { fromRoot } from './paths.ts'
import { runNpm } from './run.ts'

const leastPercent = 95

/** Files that hold types only, and what browsers run: the client and the page of the dashboard. */
const uncounted =
  /^src\/(?:live\/client\/|dashboard\/page\/|live\/protocol|.*types\.ts|http\/message\/exchange|pages\/folder-listing)/

const raw = fromRoot('coverage/raw')
rmSync(fromRoot('coverage'), { recursive: true, force: true })
// The report reads the compiled files, so the tests leave them there.
const { code } = await runNpm(['test', '--', '--covered'], {
  cwd: fromRoot(),
  env: { ...process.env, NODE_V8_COVERAGE: raw },
})
const report = new CoverageReport({
  logging: 'error',
  outputDir: fromRoot('coverage'),
  clean: false,
  reports: [['text', { skipFull: true }], 'lcovonly'],
  entryFilter: ({ url }) => url.includes('/.cache/'),
  sourceFilter: (path) => path.startsWith('src/') && !uncounted.test(path),
  all: 'src',
})
await report.addFromDir(raw)
const { summary } = (await report.generate()) ?? {}
rmSync(raw, { recursive: true, force: true })
rmSync(coverageFolder, { recursive: true, force: true })
const percent = Number(summary?.lines.pct ?? 0)
console.log(`${percent} % of the lines of src/ ran, at least ${leastPercent} %`)
if (code !== 0 || percent < leastPercent) process.exitCode = 1
