import assert from 'node:assert/strict'
import {
  chmodSync,
  chownSync,
  existsSync,
  lchownSync,
  mkdirSync,
  readdirSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import { closeAuthority, openSigner } from '../../../../src/tls/authority/authority.ts'
import { faultOfOwner } from '../../../../src/tls/authority/authority-store.ts'
import { makeFolder } from '../../../../src/core/util/owned-file.ts'
import { FakeClock } from '../../../support/authority.ts'
import { TempFolder } from '../../../support/server.ts'

const skip = process.getuid?.() === 0 ? false : 'only root can give files away'
const modeOf = (path: string): number => statSync(path).mode & 0o777

function placeAt(folder: string) {
  return { folder, clock: new FakeClock(), onWarning() {} }
}

describe('root in the folder of a user', { skip }, () => {
  test('follows no link in place of the store, and changes nothing behind it', async () => {
    using temporary = new TempFolder()
    const victim = temporary.join('victim')
    mkdirSync(victim)
    chmodSync(victim, 0o755)
    const folder = temporary.join('serve8008')
    symlinkSync(victim, folder)
    closeAuthority(placeAt(folder))
    await assert.rejects(openSigner(placeAt(folder)), {
      code: 'E8008_AUTHORITY',
      message: /serve8008 is a symbolic link, and root follows none, so the local authority there is not used\.$/,
    })
    assert.equal(modeOf(victim), 0o755)
    assert.deepEqual(readdirSync(victim), [])
  })

  test('follows no link in place of the key', async () => {
    using temporary = new TempFolder()
    await temporary.write({ victim: 'not a key' })
    chmodSync(temporary.join('victim'), 0o644)
    const folder = temporary.join('serve8008')
    mkdirSync(folder, { mode: 0o700 })
    symlinkSync(temporary.join('victim'), join(folder, 'authority-key.pem'))
    closeAuthority(placeAt(folder))
    await assert.rejects(openSigner(placeAt(folder)), { message: /authority-key\.pem is a symbolic link/ })
    assert.equal(modeOf(temporary.join('victim')), 0o644)
    assert.equal(existsSync(join(folder, 'authority.pem')), false)
  })

  test('gives what it makes to the owner of the real folder, not to that of a link', () => {
    using temporary = new TempFolder()
    mkdirSync(temporary.join('home'))
    chownSync(temporary.join('home'), 12_345, 12_345)
    mkdirSync(temporary.join('etc'))
    symlinkSync(temporary.join('etc'), temporary.join('home/share'))

    lchownSync(temporary.join('home/share'), 12_345, 12_345)
    makeFolder(temporary.join('home/share/serve8008'))
    assert.equal(statSync(temporary.join('etc/serve8008')).uid, 0)
    makeFolder(temporary.join('home/data/serve8008'))
    assert.equal(statSync(temporary.join('home/data/serve8008')).uid, 12_345)
  })

  test('takes no key that belongs to another than the folder does', async () => {
    using temporary = new TempFolder()
    const place = placeAt(temporary.join('serve8008'))
    await openSigner(place)
    chownSync(join(place.folder, 'authority-key.pem'), 12_345, 12_345)
    await assert.rejects(openSigner(place), { code: 'E8008_AUTHORITY', message: /belongs to another user/ })
    chownSync(place.folder, 12_345, 12_345)
    await openSigner(place)
  })

  test('a user relies on what is the user’s or root’s', () => {
    using temporary = new TempFolder()
    const [own, other] = [temporary.join('own'), temporary.join('other')]
    writeFileSync(own, '')
    writeFileSync(other, '')
    chownSync(own, 1000, 1000)
    chownSync(other, 1001, 1001)
    symlinkSync(own, temporary.join('link'))
    symlinkSync(other, temporary.join('leading-away'))
    assert.equal(faultOfOwner(own, 1000), undefined)
    assert.equal(faultOfOwner(temporary.path, 1000), undefined)
    assert.equal(faultOfOwner(temporary.join('link'), 1000), undefined)
    assert.equal(faultOfOwner(temporary.join('absent'), 1000), undefined)
    assert.equal(faultOfOwner(other, 1001), undefined)
    assert.match(faultOfOwner(other, 1000) ?? '', /another user/)
    assert.match(faultOfOwner(temporary.join('leading-away'), 1000) ?? '', /another user/)
  })
})
