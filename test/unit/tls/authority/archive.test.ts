import assert from 'node:assert/strict'
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { test } from 'node:test'
import { openSigner } from '../../../../src/tls/authority/authority.ts'
import { archiveAuthority } from '../../../../src/tls/authority/archive.ts'
import { FakeClock } from '../../../support/authority.ts'
import { TempFolder } from '../../../support/server.ts'

function placeIn(temporary: TempFolder) {
  return { folder: temporary.join('serve8008'), clock: new FakeClock(), onWarning() {} }
}

test('an authority of ours is deleted with its certificates, and the next one is another', async () => {
  using temporary = new TempFolder()
  const place = placeIn(temporary)
  assert.equal(await archiveAuthority(place.folder), undefined)
  const { cert } = await openSigner(place)
  mkdirSync(join(place.folder, 'leaves'))
  writeFileSync(join(place.folder, 'leaves', 'a.pem'), '')
  assert.equal(await archiveAuthority(place.folder), undefined)
  assert.deepEqual(readdirSync(place.folder), [])
  assert.notEqual((await openSigner(place)).cert, cert)
})

test('one that has lost its key is deleted, too', async () => {
  using temporary = new TempFolder()
  const place = placeIn(temporary)
  await openSigner(place)
  rmSync(join(place.folder, 'authority-key.pem'))
  assert.equal(await archiveAuthority(place.folder), undefined)
  assert.deepEqual(readdirSync(place.folder), [])
})

test('what is not known to be ours is moved, each time to a new place', async () => {
  using temporary = new TempFolder()
  const place = placeIn(temporary)
  for (const [name, content] of [
    ['serve8008.old', 'somebody’s work'],
    ['serve8008.old-2', ''],
  ] as const) {
    await openSigner(place)
    writeFileSync(join(place.folder, 'authority-key.pem'), content)
    const moved = await archiveAuthority(place.folder)
    assert.equal(moved, join(dirname(place.folder), name))
    assert.equal(readFileSync(join(moved, 'authority-key.pem'), 'utf8'), content)
  }
  await openSigner(place)
})
