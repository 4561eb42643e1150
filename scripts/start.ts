/** `npm start -- <folder> [flags]`: the command as users get it, built first when the sources are newer. */
import { spawn, spawnSync } from 'node:child_process'
import { readdirSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { fromRoot } from './paths.ts'

function newestChange(folder: string): number {
  const files = readdirSync(folder, { recursive: true, encoding: 'utf8' })
  return files.reduce((newest, file) => Math.max(newest, statSync(join(folder, file)).mtimeMs), 0)
}

function isStale(): boolean {
  const built = statSync(fromRoot('dist/cli/main.js'), { throwIfNoEntry: false })?.mtimeMs ?? 0
  return ['src', 'templates'].some((folder) => newestChange(fromRoot(folder)) > built)
}

/** The process that started another; undefined where `ps` does not tell. */
function parentOf(pid: number): number | undefined {
  const { stdout } = spawnSync('ps', ['-o', 'ppid=', '-p', String(pid)], { encoding: 'utf8' })
  return Number(stdout) || undefined
}

function isRunning(pid: number): boolean {
  try {
    return process.kill(pid, 0)
  } catch {
    return false
  }
}

if (isStale()) {
  console.error('Building serve8008, which takes a few seconds ...')
  const { buildPackage } = await import('./build.ts')
  await buildPackage()
}
const given = process.argv.slice(2)
// Below a folder that is named on the command line, but above a config file: one that is asked for keeps its say.
const hasConfig = given.some((argument) => /^(-c|--config)/.test(argument))
const demo = hasConfig ? {} : { SERVE8008_ROOT: fromRoot('templates/demo') }
const child = spawn(process.execPath, [fromRoot('bin/serve8008.js'), ...given], {
  stdio: 'inherit',
  // npm changes to the package's folder; relative paths belong to the folder the person is in.
  cwd: process.env['INIT_CWD'] ?? process.cwd(),
  env: { ...demo, ...process.env },
})
// A terminal sends ^C to the whole group; other senders know only this process.
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
  process.on(signal, () => {
    if (!process.stdin.isTTY || signal !== 'SIGINT') child.kill(signal)
  })
}
// When npm ends, the shell between npm and this process may pass no signal on, or outlive npm itself.
const parent = process.ppid
const npm = parentOf(parent)
setInterval(() => {
  if (process.ppid !== parent || (npm !== undefined && !isRunning(npm))) child.kill('SIGTERM')
}, 250).unref()
child.on('close', (code, signal) => {
  process.exitCode = code ?? (signal === null ? 1 : 128)
})
