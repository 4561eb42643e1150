import assert from 'node:assert/strict'
import { test } from 'node:test'
import { hashKind, matchesHash } from '../../../../src/middleware/auth/password-hash.ts'

/** Output of openssl and htpasswd. */
const vectors: readonly [password: string, hash: string, kind: string][] = [
  ['secret', '$apr1$abcdefgh$h9FWgUz3n9YxylKLlR5SQ/', 'apr1'],
  ['pässwörd', '$apr1$r31.....$CnMBtjJHTKsiwi5FN79xp0', 'apr1'],
  ['', '$apr1$x$tMwYqBfQwi3FYAr0aJc8M/', 'apr1'],
  ['a:b c', '$apr1$12345678$UKRiZQKzkDSOXMpRq94tX/', 'apr1'],
  ['this password is longer than sixteen bytes', '$apr1$ab$WU0cQ60qPpZzFfX6UZb0c0', 'apr1'],
  ['secret', '{SHA}5en6G6MezRroT3XKqkdPOmY/BfQ=', 'sha'],
  ['secret', '{SSHA}gVK8WC9YyFT1gMsQHTGCgT3sSv5zYWx0', 'ssha'],
  ['secret', '$2b$04$Vtc40AHCStrj9ddZqRj0KutxR/zriS3Vx69sHCXz0iA3EiJwx/MiS', 'bcrypt'],
  ['secret', '$2y$04$Vtc40AHCStrj9ddZqRj0KutxR/zriS3Vx69sHCXz0iA3EiJwx/MiS', 'bcrypt'],
]

for (const [password, hash, kind] of vectors) {
  test(`${kind}: ${JSON.stringify(password)} matches ${hash.slice(0, 12)}… and nothing else does`, async () => {
    assert.equal(hashKind(hash), kind)
    assert.equal(await matchesHash(password, hash), true)
    for (const wrong of [`${password}x`, password.slice(1) + '!', password.toUpperCase() + ' ']) {
      assert.equal(await matchesHash(wrong, hash), false)
    }
  })
}

const refused = [
  '',
  'secret',
  'rqXexS6ZhobKA',
  '$1$abcdefgh$h9FWgUz3n9YxylKLlR5SQ/',
  '$5$salt$5B8vYYiY.CVt1RlTTf8KbXBH3hsxY/GNooZaBBGWEc8',
  '$2b$31$Vtc40AHCStrj9ddZqRj0KutxR/zriS3Vx69sHCXz0iA3EiJwx/MiS',
  '$2b$16$Vtc40AHCStrj9ddZqRj0KutxR/zriS3Vx69sHCXz0iA3EiJwx/MiS',
  '$2b$03$Vtc40AHCStrj9ddZqRj0KutxR/zriS3Vx69sHCXz0iA3EiJwx/MiS',
  '$2b$04$short',
  '$apr1$abcdefgh$h9FWgUz3n9YxylKLlR5SQ',
  '$apr1$abcdefghi$h9FWgUz3n9YxylKLlR5SQ/',
  '{SHA}',
  '{SHA}5en6G6MezRroT3XKqkdPOmY/Bf==',
  '{SSHA}c2hvcnQ=',
]

for (const hash of refused) {
  test(`${JSON.stringify(hash.slice(0, 12))}… is not a supported hash`, async () => {
    assert.equal(hashKind(hash), undefined)
    assert.equal(await matchesHash('secret', hash), false)
  })
}
