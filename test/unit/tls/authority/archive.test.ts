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

test('deletes an authority of ours with its certificates, and creates another', async () => {
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

test('deletes an authority that lost its key', async () => {
  using temporary = new TempFolder()
  const place = placeIn(temporary)
  await openSigner(place)
  rmSync(join(place.folder, 'authority-key.pem'))
  assert.equal(await archiveAuthority(place.folder), undefined)
  assert.deepEqual(readdirSync(place.folder), [])
})

test('moves an authority that is not ours, each time to a new name', async () => {
  using temporary = new TempFolder()
  const place = placeIn(temporary)
  for (const [name, content] of [
    ['serve8008.old', 'a file of the user'],
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
