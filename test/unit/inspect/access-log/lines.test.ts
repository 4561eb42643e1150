import assert from 'node:assert/strict'
import { test } from 'node:test'
import { jsonLine } from '../../../../src/inspect/access-log/json-line.ts'
import { combinedLine, commonLine } from '../../../../src/inspect/access-log/ncsa-line.ts'
import { prettyLine } from '../../../../src/inspect/access-log/pretty-line.ts'
import { textWidth } from '../../../../src/core/util/text-width.ts'
import { record } from './record.ts'

test('common is the NCSA format', () => {
  const zone = /\[05\/Jan\/2026:12:00:01 [+-]\d{4}\]/
  assert.match(commonLine(record()), zone)
  assert.equal(commonLine(record({ user: 'ann' })).replace(zone, '[]'), '127.0.0.1 - ann [] "GET / HTTP/1.1" 200 1234')
  assert.equal(commonLine(record({ address: '', bytes: 0 })).replace(zone, '[]'), '- - - [] "GET / HTTP/1.1" 200 -')
})

test('the zone of common is the offset from UTC in hours and minutes', () => {
  const before = process.env['TZ']
  try {
    const stamps = [
      ['America/Los_Angeles', '[10/Oct/2000:13:55:36 -0700]'],
      ['Asia/Kolkata', '[11/Oct/2000:02:25:36 +0530]'],
      ['America/St_Johns', '[10/Oct/2000:18:25:36 -0230]'],
      ['UTC', '[10/Oct/2000:20:55:36 +0000]'],
    ]
    for (const [index, [zone, stamp]] of stamps.entries()) {
      process.env['TZ'] = zone
      // Another millisecond of the same second would be answered from the cache, so the first is passed over.
      commonLine(record({ time: index }))
      assert.ok(commonLine(record({ time: Date.UTC(2000, 9, 10, 20, 55, 36) })).includes(stamp as string), zone)
      assert.ok(commonLine(record({ time: Date.UTC(2000, 9, 10, 20, 55, 36, 999) })).includes(stamp as string), zone)
    }
  } finally {
    if (before === undefined) delete process.env['TZ']
    else process.env['TZ'] = before
  }
})

test('combined adds the referer and the user agent', () => {
  const line = combinedLine(record({ referer: 'http://a.test/', userAgent: 'curl/8 "x"' }))
  assert.match(line, / 200 1234 "http:\/\/a\.test\/" "curl\/8 \\"x\\""$/)
  assert.match(combinedLine(record()), / 200 1234 "-" "-"$/)
})

test('common escapes as Apache does: quotes, backslashes, controls and bytes that are not ASCII', () => {
  const line = commonLine(record({ target: '/"\\\n\r\t\v\b\x1b\x7f\xc3\xa9\u20ac?token=…' }))
  const wanted = String.raw`"GET /\"\\\n\r\t\v\b\x1b\x7f\xc3\xa9\xe2\x82\xac?token=... HTTP/1.1"`
  assert.ok(line.includes(wanted), line)
  assert.ok(commonLine(record({ user: 'a b' })).startsWith(String.raw`127.0.0.1 - a\x20b [`))
})

test('a time that is none still makes a line', () => {
  for (const line of [commonLine, jsonLine]) assert.match(line(record({ time: Number.NaN })), /GET/)
  assert.match(prettyLine(record({ time: Number.NaN }), false, 80), /^--:--:-- {2}200/)
})

test('json has stable keys and keeps every value', () => {
  const entry = record({ target: '/\x1b\u202e', remark: 'a\nb', aborted: true })
  const line = jsonLine(entry)
  assert.deepEqual(Object.keys(JSON.parse(line)), [
    ...['time', 'address', 'method', 'target', 'version', 'host', 'status', 'bytes', 'ms', 'aborted', 'referer'],
    ...['userAgent', 'user', 'refusal', 'remark', 'route', 'upstream', 'reason', 'site', 'listener'],
  ])
  assert.deepEqual(JSON.parse(line), { ...entry, time: new Date(entry.time).toISOString() })
  assert.match(line, /^[\x20-\x7e]*$/)
})

test('pretty shows time, status, request, size and duration in columns', () => {
  assert.equal(prettyLine(record(), false, 80), '12:00:01  200  GET /                                  1.2 kB    1 ms')
  const other = record({ target: '/api/users', bytes: 8400, ms: 12, remark: 'api -> localhost:3000' })
  assert.equal(
    prettyLine(other, false, 80),
    '12:00:01  200  GET /api/users             8.4 kB   12 ms   api -> localhost:3000',
  )
})

test('pretty shows names that are safe to read, and the rest as it was sent', () => {
  for (const [target, shown] of [
    ['/gr%C3%B6%C3%9Fe.txt', '/größe.txt'],
    ['/gr%c3%bc?q=%e2%82%ac', '/grü?q=€'],
    ['/%E3%81%82%20%E3%81%82', '/あ%20あ'],
    ['/%F0%9F%98%80.png', '/😀.png'],
    ['/caf%65%CC%81', '/caf%65\u0301'],
    ['/%E2%9D%A4%EF%B8%8F', '/❤️'],
    // A flood of marks, and characters that are never visible.
    [`/a${'%CC%81'.repeat(4)}`, `/a${'%CC%81'.repeat(4)}`],
    ['/a%CD%8F', '/a%CD%8F'],
    ['/a%EF%B8%8F', '/a%EF%B8%8F'],
    ['/%E1%A0%8B%E1%9E%B4', '/%E1%A0%8B%E1%9E%B4'],
    // ASCII: another path than the character.
    ['/a%2Fb%25%20%41', '/a%2Fb%25%20%41'],
    // No UTF-8: Latin-1, overlong, a surrogate (RFC 3629 sections 3 and 10), cut off.
    ['/caf%E9', '/caf%E9'],
    ['/%C0%AF', '/%C0%AF'],
    ['/%ED%A0%80', '/%ED%A0%80'],
    ['/%C3', '/%C3'],
    // A bidi override, a zero-width joiner, a C1 control, a line separator, a no-break space (CVE-2021-42574).
    ['/a%E2%80%AEb', '/a%E2%80%AEb'],
    ['/%E2%80%8D', '/%E2%80%8D'],
    ['/%C2%9B31m', '/%C2%9B31m'],
    ['/%E2%80%A8', '/%E2%80%A8'],
    ['/%C2%A0', '/%C2%A0'],
    // Hebrew would move the numbers of the line (UAX #9), a filler shows nothing.
    ['/%D7%90', '/%D7%90'],
    ['/%E3%85%A4', '/%E3%85%A4'],
  ] as const) {
    const line = prettyLine(record({ target }), false, 80)
    assert.equal(line.slice(15).split('  ')[0], `GET ${shown}`, target)
    assert.equal(textWidth(line), textWidth(prettyLine(record(), false, 80)), target)
  }
})

test('formats for programs keep a target as it was sent', () => {
  const entry = record({ target: '/gr%C3%BC' })
  for (const line of [commonLine, combinedLine, jsonLine]) assert.match(line(entry), /\/gr%C3%BC\b/)
})

test('pretty dims the time and colours the status by its class', () => {
  const shades: [number, number][] = [
    [101, 34],
    [200, 32],
    [304, 36],
    [404, 33],
    [502, 31],
  ]
  for (const [status, shade] of shades) {
    const plain = prettyLine(record({ status }), false, 80)
    const painted = prettyLine(record({ status }), true, 80)
    const [time = ''] = plain.split(' ')
    const rest = plain.slice(time.length)
    assert.equal(painted, `\x1b[2m${time}\x1b[22m${rest.replace(`${status}`, `\x1b[${shade}m${status}\x1b[39m`)}`)
  }
})

test('pretty says how to allow a host that was refused', () => {
  const refused = { status: 421, refusal: 'E8008_HOST_NOT_ALLOWED', remark: 'serve8008 --allow-host evil.test' }
  assert.equal(
    prettyLine(record({ ...refused, host: 'evil.test' }), false, 80),
    '12:00:01  421  GET / evil.test             not our host (--allow-host evil.test)',
  )
  assert.match(
    prettyLine(record({ ...refused, host: '[2001:db8::1]:80' }), false, 90),
    /\(--allow-host \[2001:db8::1\]\)$/,
  )
})

test('keeps a foreign host whole where the line is narrow, before the remark and the path', () => {
  const refused = { status: 421, refusal: 'E8008_HOST_NOT_ALLOWED', host: 'some.very.long.host.example.test' }
  assert.equal(
    prettyLine(record(refused), false, 80),
    '12:00:01  421  GET / some.very.long.host.example.test    not our host',
  )
  assert.equal(
    prettyLine(record({ ...refused, target: '/a/rather/long/path' }), false, 56),
    '12:00:01  421  GET …ath some.very.long.host.example.test',
  )
})

test('cuts a long path before it leaves out why a foreign host was refused', () => {
  const refused = { status: 421, refusal: 'E8008_HOST_NOT_ALLOWED', target: `/${'b'.repeat(60)}` }
  const why = (host: string, columns: number): string | undefined => {
    const line = prettyLine(record({ ...refused, host }), false, columns)
    assert.ok(line.length <= columns && line.includes(` ${host} `), line)
    return /b {1,2}\S+ {4}(.*)$/.exec(line)?.[1]
  }
  assert.equal(why('evil.test', 100), 'not our host (--allow-host evil.test)')
  assert.equal(why('evil.test', 80), 'not our host')
  assert.equal(why('a-long-evil-name.example.test', 80), 'not our host')
})

test('pretty shows another reason for a refused host instead of the flag', () => {
  const refused = { status: 421, refusal: 'E8008_HOST_NOT_ALLOWED', host: 'docs.localhost:8008' }
  assert.equal(
    prettyLine(record({ ...refused, remark: 'served on https:8448 only' }), false, 80),
    '12:00:01  421  GET / docs.localhost:8008               served on https:8448 only',
  )
  assert.match(
    prettyLine(record({ ...refused, remark: "add `allowHost: ['docs.localhost']` to the options" }), false, 90),
    /not our host \(--allow-host docs\.localhost\)$/,
  )
})

test('pretty names a site before the remark', () => {
  const site = 'docs.localhost'
  assert.equal(
    prettyLine(record({ site }), false, 80),
    '12:00:01  200  GET /                             1.2 kB    1 ms   docs.localhost',
  )
  const forwarded = record({ site, target: '/api/users', remark: '/api -> localhost:3000' })
  assert.match(prettyLine(forwarded, false, 120), / ms {3}docs\.localhost \/api -> localhost:3000$/)
  assert.match(prettyLine({ ...forwarded, aborted: true }, false, 120), / {3}docs\.localhost client left, \/api -> /)
  const narrow = prettyLine(forwarded, false, 80)
  assert.ok(narrow.length <= 80 && narrow.includes('GET /api/users  1.2 kB  1 ms   docs.localhost /api -> '), narrow)
})

test('pretty offers no command that a shell would run as something else', () => {
  for (const host of ['$(reboot)', '`reboot`', 'a;reboot', '-rf', 'a b', '[$(reboot)]']) {
    const line = prettyLine(record({ status: 421, refusal: 'E8008_HOST_NOT_ALLOWED', host }), false, 120)
    assert.match(line, /not our host$/, host)
  }
})

test('pretty names other refusals by their remark or their code, and leaves plain 404s alone', () => {
  assert.match(prettyLine(record({ status: 400, refusal: 'E8008_FRAMING' }), false, 80), / E8008_FRAMING$/)
  assert.match(prettyLine(record({ status: 400, refusal: 'E8008_FRAMING', remark: 'why' }), false, 80), / ms {3}why$/)
  assert.match(prettyLine(record({ status: 404, refusal: 'E8008_NOT_FOUND' }), false, 80), / ms$/)
  assert.match(prettyLine(record({ aborted: true, remark: 'x' }), false, 80), / ms {3}client left, x$/)
  const closed = { aborted: true, refusal: 'E8008_CLOSED' }
  assert.match(prettyLine(record(closed), false, 80), / ms {3}cut: server closed$/)
  assert.match(prettyLine(record({ ...closed, remark: 'x' }), false, 80), / ms {3}cut: server closed, x$/)
  const broken = record({ aborted: true, remark: 'x', refusal: 'E8008_UPSTREAM_RESET' })
  assert.match(prettyLine(broken, false, 120), / ms {3}E8008_UPSTREAM_RESET, x$/)
})

test('pretty cuts a long request in its middle, so that the line fits', () => {
  const target = `/first/${'x'.repeat(300)}/last.js`
  for (const [columns, end] of [
    [50, 50],
    [60, 59],
    [80, 68],
    [120, 86],
  ] as const) {
    const line = prettyLine(record({ target }), false, columns)
    assert.equal(line.length, end)
    assert.match(line, /GET \/.*….*\.js +1\.2 kB +1 ms$/)
  }
  assert.ok(prettyLine(record({ target }), false, undefined).includes(target))
  assert.equal(prettyLine(record({ target, remark: 'y'.repeat(300) }), false, 80).length, 80)
  assert.equal(prettyLine(record({ target }), false, 40).length, 40)
  assert.match(prettyLine(record({ target }), false, 1), /^12:00:01 {2}200 {2}\S+ ?\S+$/)
})

test('pretty writes sizes and durations the short way', () => {
  const sizes: [number, string][] = [
    [0, '-'],
    [1, '1 B'],
    [999, '999 B'],
    [1000, '1.0 kB'],
    [9949, '9.9 kB'],
    [9951, '10 kB'],
    [999_499, '999 kB'],
    [999_500, '1.0 MB'],
    [64e6, '64 MB'],
    [5e9, '5.0 GB'],
    [7e15, '7.0 PB'],
  ]
  for (const [bytes, text] of sizes)
    assert.match(prettyLine(record({ bytes }), false, 80), new RegExp(` ${text} +1 ms$`))
  const durations: [number, string][] = [
    [0.1, '<1 ms'],
    [999, '999 ms'],
    [999.6, '1.0 s'],
    [99_000, '99.0 s'],
    [180_000, '3 min'],
  ]
  for (const [ms, text] of durations) assert.match(prettyLine(record({ ms }), false, 80), new RegExp(` ${text}$`))
})

/** Columns of a line as a terminal shows it, by the widths that are meant here. */
function columnsOf(line: string): number {
  return Array.from(line).reduce((sum, character) => sum + (/[日本語한글🎉]/u.test(character) ? 2 : 1), 0)
}

test('pretty keeps sizes and durations in their columns at 80, 100 and 120', () => {
  const targets = ['/', '/assets/index-DiwrgTda.js', `/node_modules/.vite/deps/${'x'.repeat(60)}.js?v=1`]
  for (const [columns, sizes] of [
    [80, 60],
    [100, 69],
    [120, 78],
  ] as const) {
    for (const target of targets) {
      for (const [bytes, ms] of [
        [0, 0.1],
        [999_499, 999],
        [1_234_567, 99_000],
      ] as const) {
        const line = prettyLine(record({ target, bytes, ms }), false, columns)
        assert.match(line.slice(0, sizes), /(?:\d [kM]?B|-)$/, line)
        assert.equal(line.length, sizes + 8)
      }
    }
  }
})

test('pretty cuts no remark while blanks stand before the size, nor while the request can give way', () => {
  const remark = 'app.localhost/api/v1 -> localhost:3000'
  for (const [columns, target, expected] of [
    [80, '/', '12:00:01  200  GET /     1.2 kB    1 ms   app.localhost/api/v1 -> localhost:3000'],
    [80, '/api/users', '12:00:01  200  GET /api/users  1.2 kB  1 ms   app.localhost/api/v1 -> localhost…'],
    [100, '/', '12:00:01  200  GET /                         1.2 kB    1 ms   app.localhost/api/v1 -> localhost:3000'],
    [
      100,
      '/api/users/a/long/path/x.js',
      '12:00:01  200  GET /api/users…ong/path/x.js  1.2 kB  1 ms   app.localhost/api/v1 -> localhost:3000',
    ],
    [
      120,
      '/api/users/a/long/path/x.js',
      '12:00:01  200  GET /api/users/a/long/path/x.js                   1.2 kB    1 ms   app.localhost/api/v1 -> localhost:3000',
    ],
  ] as const) {
    const line = prettyLine(record({ target, remark }), false, columns)
    assert.equal(line, expected)
    assert.ok(line.length <= columns)
  }
})

test('pretty counts wide characters by the columns that a terminal gives them', () => {
  for (const columns of [80, 100, 120]) {
    for (const remark of ['日本語/ has no index.html', '한글.html 🎉', '日'.repeat(100)]) {
      const line = prettyLine(record({ remark }), false, columns)
      assert.ok(columnsOf(line) <= columns, line)
      assert.match(line, remark.length < 100 ? new RegExp(`${remark}$`) : /日…$/)
    }
    const wide = prettyLine(record({ target: `/${'日本'.repeat(60)}.html` }), false, columns)
    assert.equal(
      wide.indexOf('kB'),
      prettyLine(record(), false, columns).indexOf('kB') - (columnsOf(wide) - wide.length),
    )
  }
})
