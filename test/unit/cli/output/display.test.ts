import assert from 'node:assert/strict'
import { join, resolve, sep } from 'node:path'
import { test } from 'node:test'
import { displayPath } from '../../../../src/cli/output/display.ts'

test('shows a path as a person in the folder would write it', () => {
  const cwd = resolve('/home/ann/project')
  assert.equal(displayPath(cwd, cwd), '.')
  assert.equal(displayPath(join(cwd, 'site'), cwd), `.${sep}site`)
  assert.equal(displayPath(join(cwd, '..site'), cwd), `.${sep}..site`)
  assert.equal(displayPath(resolve('/srv/www'), cwd), resolve('/srv/www'))
  assert.equal(displayPath(resolve('/work'), cwd), resolve('/work'))
})
