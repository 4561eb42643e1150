import assert from 'node:assert/strict'
import { symlinkSync } from 'node:fs'
import { test } from 'node:test'
import { commands } from '../../../../src/scan/identify/commands.ts'
import { development } from '../../../../src/scan/identify/development.ts'
import { servers } from '../../../../src/scan/identify/servers.ts'
import { installedVersion, packages } from '../../../../src/scan/processes/installed-version.ts'
import { TempFolder } from '../../../support/server.ts'

test('reads the version that a process would load: the nearest, above its folder too, and through a link', async () => {
  using folder = new TempFolder()
  await folder.write({
    'node_modules/vite/package.json': '{ "name": "vite", "version": "8.4.1" }',
    'store/express/package.json': '{ "version": "5.1.0-beta.1" }',
    'app/node_modules/astro/package.json': '{ "version": 5 }',
    'app/src/x': '',
  })
  symlinkSync(folder.join('store/express'), folder.join('app/node_modules/express'))
  const version = async (product: string | undefined, cwd: string | undefined): Promise<string | undefined> =>
    (await installedVersion(product, cwd))?.version
  const cwd = folder.join('app/src')
  assert.deepEqual(await installedVersion('Vite', cwd), {
    version: '8.4.1',
    file: folder.join('node_modules/vite/package.json'),
  })
  assert.equal(await version('Express', cwd), '5.1.0-beta.1')
  for (const product of ['Astro', 'Fastify', 'nginx', undefined]) assert.equal(await version(product, cwd), undefined)
  assert.equal(await version('Vite', undefined), undefined)
})

test('names products as they are identified', () => {
  const identified = new Set([...commands, ...development, ...servers].map(({ product }) => product))
  assert.deepEqual(
    Object.keys(packages).filter((product) => !identified.has(product)),
    [],
  )
})
