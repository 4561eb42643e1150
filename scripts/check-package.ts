/** Packs the package as npm would publish it and lets publint and attw look at the tarball. */
import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fromRoot } from './paths.ts'
import { runCommand, runNpm } from './run.ts'

const folder = mkdtempSync(join(tmpdir(), 'serve8008-pack-'))
try {
  const packed = await runNpm(['pack', '--silent', '--pack-destination', folder], { cwd: fromRoot() })
  const tarball = join(folder, readdirSync(folder)[0] ?? '')
  const publint = fromRoot('node_modules/publint/src/cli.js')
  const attw = fromRoot('node_modules/@arethetypeswrong/cli/dist/index.js')
  const codes = [packed.code]
  codes.push((await runCommand(process.execPath, [publint, 'run', '--strict', tarball])).code)
  // The package is ESM; CommonJS reads it through require(esm), which attw's older profiles do not know.
  codes.push(
    (await runCommand(process.execPath, [attw, tarball, '--profile', 'esm-only', '--no-definitely-typed'])).code,
  )
  process.exitCode = Math.max(...codes)
} finally {
  rmSync(folder, { recursive: true, force: true })
}
