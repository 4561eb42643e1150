import assert from 'node:assert/strict'
import { test } from 'node:test'
import { matchesHash } from '../../../../src/middleware/auth/match-hash.ts'
import { problemOf } from '../../../../src/middleware/auth/password-file.ts'

const long = 'pässwörd that is longer than sixty-four bytes, so that it fills more than one digest'

/** Output of openssl and htpasswd, and of the specification of SHA-crypt. */
const vectors: readonly [password: string, hash: string][] = [
  ['secret', '$apr1$abcdefgh$h9FWgUz3n9YxylKLlR5SQ/'],
  ['pässwörd', '$apr1$r31.....$CnMBtjJHTKsiwi5FN79xp0'],
  ['', '$apr1$x$tMwYqBfQwi3FYAr0aJc8M/'],
  ['a:b c', '$apr1$12345678$UKRiZQKzkDSOXMpRq94tX/'],
  ['this password is longer than sixteen bytes', '$apr1$ab$WU0cQ60qPpZzFfX6UZb0c0'],
  ['secret', '{SHA}5en6G6MezRroT3XKqkdPOmY/BfQ='],
  ['secret', '{SSHA}gVK8WC9YyFT1gMsQHTGCgT3sSv5zYWx0'],
  ['secret', '$2b$04$Vtc40AHCStrj9ddZqRj0KutxR/zriS3Vx69sHCXz0iA3EiJwx/MiS'],
  ['secret', '$2y$04$Vtc40AHCStrj9ddZqRj0KutxR/zriS3Vx69sHCXz0iA3EiJwx/MiS'],
  ['Hello world!', '$5$saltstring$5B8vYYiY.CVt1RlTTf8KbXBH3hsxY/GNooZaBBGWEc5'],
  [long, '$5$rounds=1400$anotherlongsalts$byEbjCD7UybCCoSY6VzJxHYFK6ZzgE0lBYfiLzu8yO6'],
  [
    'Hello world!',
    '$6$saltstring$svn8UoSVapNtMuq1ukKS4tPQd8iKwSMHWjl/O817G3uBnIFNjnQJuesI68u4OTLiBFdcbYEdFCoEOfaS35inz1',
  ],
  [
    'secret',
    '$6$qN/VHhW18cOmyc9W$GBKNMiAjOpSBo5kzvOxXQHL0qB.Pro0BWYK79YwOBFccbdsgQHUSdnDcKOKRxTSema.XdKh3SEnEItLWaLs///',
  ],
]

for (const [password, hash] of vectors) {
  test(`${JSON.stringify(password.slice(0, 12))} matches ${hash.slice(0, 12)}… and nothing else does`, async () => {
    assert.equal(problemOf(hash), undefined)
    assert.equal(await matchesHash(password, hash), true)
    for (const wrong of [`${password}x`, password.slice(1) + '!', password.toUpperCase() + ' ']) {
      assert.equal(await matchesHash(wrong, hash), false)
    }
  })
}

test('a password of more than 512 bytes matches nothing, at once', async () => {
  const started = performance.now()
  for (const [, hash] of vectors) assert.equal(await matchesHash('x'.repeat(15_000), hash), false)
  assert.ok(performance.now() - started < 1000)
})

const refused: readonly [hash: string, why: RegExp][] = [
  ['', /^plain text/],
  ['secret', /^plain text/],
  ['rqXexS6ZhobKA', /^crypt \(htpasswd -d\)/],
  ['$1$abcdefgh$h9FWgUz3n9YxylKLlR5SQ/', /^plain text and this form/],
  ['$2b$31$Vtc40AHCStrj9ddZqRj0KutxR/zriS3Vx69sHCXz0iA3EiJwx/MiS', /^a bcrypt hash must have a cost from 4 to 15/],
  ['$2b$16$Vtc40AHCStrj9ddZqRj0KutxR/zriS3Vx69sHCXz0iA3EiJwx/MiS', /^a bcrypt hash must have a cost from 4 to 15/],
  ['$2b$03$Vtc40AHCStrj9ddZqRj0KutxR/zriS3Vx69sHCXz0iA3EiJwx/MiS', /^a bcrypt hash must have a cost from 4 to 15/],
  ['$2b$04$short', /^a bcrypt hash is/],
  ['$5$saltstring$5B8vYYiY.CVt1RlTTf8KbXBH3hsxY/GNooZaBBGWEc', /^plain text and this form/],
  ['$5$rounds=10$saltstring$5B8vYYiY.CVt1RlTTf8KbXBH3hsxY/GNooZaBBGWEc5', /^a SHA-crypt hash must have from 1000 to/],
  ['$5$rounds=1000000$saltstring$5B8vYYiY.CVt1RlTTf8KbXBH3hsxY/GNooZaBBGWEc5', /^a SHA-crypt hash must have from 1000/],
  ['$apr1$abcdefgh$h9FWgUz3n9YxylKLlR5SQ', /^plain text and this form/],
  ['$apr1$abcdefghi$h9FWgUz3n9YxylKLlR5SQ/', /^plain text and this form/],
  ['{SHA}', /^plain text and this form/],
  ['{SHA}5en6G6MezRroT3XKqkdPOmY/Bf==', /^plain text and this form/],
  ['{SSHA}c2hvcnQ=', /^plain text and this form/],
]

for (const [hash, why] of refused) {
  test(`${JSON.stringify(hash.slice(0, 16))}… is not supported, and the message says what is`, () => {
    const problem = problemOf(hash) ?? ''
    assert.match(problem, why)
    assert.match(problem, /; use bcrypt \(htpasswd -B\), SHA-512 \(-5\), SHA-256 \(-2\), apr1 \(-m\) or SHA \(-s\)$/)
  })
}
