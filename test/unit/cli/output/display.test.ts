import assert from 'node:assert/strict'
import { join, resolve, sep } from 'node:path'
import { test } from 'node:test'
import { resolveConfig } from '../../../../src/config/resolve/resolve.ts'
import { actionText, displayPath } from '../../../../src/cli/output/display.ts'

test('shows a path as a person in the folder would write it', () => {
  const cwd = resolve('/home/ann/project')
  assert.equal(displayPath(cwd, cwd), '.')
  assert.equal(displayPath(join(cwd, 'site'), cwd), `.${sep}site`)
  assert.equal(displayPath(join(cwd, '..site'), cwd), `.${sep}..site`)
  assert.equal(displayPath(resolve('/srv/www'), cwd), resolve('/srv/www'))
  assert.equal(displayPath(resolve('/work'), cwd), resolve('/work'))
})

test('shows an upstream as it is written in the configuration', () => {
  for (const target of ['localhost:3000', 'localhost:3000/', 'localhost:3000/slow', 'unix:/run/a.sock:/v1']) {
    const { routes } = resolveConfig({ proxy: { '/api': target } })
    if (process.platform !== 'win32' || !target.startsWith('unix:')) assert.deepEqual(routes.map(actionText), [target])
  }
})
