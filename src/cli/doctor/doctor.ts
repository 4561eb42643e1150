import { existsSync } from 'node:fs'
import { loadConfig } from '../../config/load.ts'
import { readRegistry } from '../../control/running-servers.ts'
import { importConfig } from '../import-config.ts'
import { findStores, openUserAuthority } from '../commands/open-authority.ts'
import { packageVersion, type Program } from '../process-io.ts'
import type { Reporter } from '../output/reporter.ts'
import { portOwners } from '../../scan/scan.ts'
import { isRunning } from '../server-process.ts'
import { readText, runChecks, type Check, type CheckResult } from './check.ts'
import { lookAtNodeSettings, lookAtProxies } from './environment.ts'
import {
  lookAtClock,
  lookAtNode,
  lookAtOpenFiles,
  lookAtSurroundings,
  lookAtTemporary,
  surroundingsOf,
} from './machine.ts'
import { lookAtNames } from './names.ts'
import { lookAtAuthority, lookAtCertificates, lookAtConfig, lookAtRegistry } from './own-files.ts'
import { lookAtLoopback, lookAtPorts } from './ports.ts'
import { lookAtWatching } from './watching.ts'

/**
 * Runs every check, in the order in which they are shown.
 *
 * @param limitMs most milliseconds of each. Default 1000.
 */
export function examine(program: Program, report: Reporter, limitMs?: number): Promise<CheckResult[]> {
  return runChecks(checksOf(program, report), limitMs)
}

function checksOf(program: Program, report: Reporter): Check[] {
  const { cwd, env, script = '' } = program
  const loaded = loadConfig({ cwd, env, importModule: importConfig })
  // One check reports a broken configuration; the others look at what holds without it.
  const usable = loaded.catch(() => loadConfig({ cwd, config: false }))
  const { versions, arch, platform } = process
  return [
    { name: 'node', command: 'node --version', look: () => lookAtNode(versions.node, arch, platform) },
    { name: 'serve8008', command: 'serve8008 version', look: () => ({ seen: `${packageVersion()} (${script})` }) },
    { name: 'config', command: 'serve8008 check', look: async () => lookAtConfig(await loaded) },
    {
      name: 'ports',
      command: 'serve8008 check',
      look: async () => lookAtPorts(await usable, readRegistry(env, isRunning).servers),
    },
    { name: 'loopback', command: 'ip address show lo', look: lookAtLoopback },
    { name: 'names', command: 'getent ahosts localhost', look: () => lookAtNames() },
    { name: 'proxies', command: 'env', look: () => lookAtProxies(env) },
    { name: 'watching', command: 'sysctl fs.inotify', look: () => lookAtWatching() },
    {
      name: 'files',
      command: 'ulimit -n',
      look: () => lookAtOpenFiles(readText('/proc/self/limits'), readText('/proc/sys/fs/file-nr')),
    },
    { name: 'temporary', command: 'df', look: () => lookAtTemporary() },
    {
      name: 'registry',
      command: 'serve8008 ls',
      async look() {
        const ports = readRegistry(env, isRunning).servers.flatMap(({ port, tlsPort }) => [port, tlsPort])
        return lookAtRegistry(env, ports.length === 0 ? [] : await portOwners({ ports }))
      },
    },
    {
      name: 'authority',
      command: 'serve8008 trust --status',
      look() {
        const opened = openUserAuthority(program, report)
        return lookAtAuthority(opened, () => findStores(opened.authority))
      },
    },
    { name: 'certificates', command: 'serve8008 check', look: async () => lookAtCertificates(await usable) },
    { name: 'environment', command: 'env', look: () => lookAtNodeSettings(env, existsSync) },
    { name: 'clock', command: 'date', look: () => lookAtClock(script) },
    { name: 'surroundings', command: 'uname -a', look: () => lookAtSurroundings(surroundingsOf(cwd, env)) },
  ]
}
