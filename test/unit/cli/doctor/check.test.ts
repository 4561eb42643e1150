import assert from 'node:assert/strict'
import { test } from 'node:test'
import { note, runChecks, warning } from '../../../../src/cli/doctor/check.ts'
import { renderResults } from '../../../../src/cli/commands/doctor.ts'
import { ServeError } from '../../../../src/core/serve-error.ts'

test('reports a check that fails or takes too long, and runs the others', async () => {
  const results = await runChecks(
    [
      { name: 'hung', command: 'show hung', look: () => new Promise(() => {}) },
      { name: 'broken', command: 'show broken', look: () => Promise.reject(new Error('it broke')) },
      {
        name: 'ours',
        command: 'show ours',
        look() {
          throw new ServeError('E8008_AUTHORITY', 'The authority is damaged.', { hint: 'serve8008 trust --renew' })
        },
      },
      { name: 'good', command: '', look: () => ({ seen: 'fine' }) },
    ],
    20,
  )
  assert.deepEqual(results, [
    {
      name: 'hung',
      seen: 'no answer within 0.02 s',
      findings: [
        { code: 'D8008_SLOW', severity: 'note', why: 'The check "hung" takes longer than 0.02 s.', fix: 'show hung' },
      ],
    },
    {
      name: 'broken',
      seen: 'failed',
      findings: [{ code: 'D8008_FAILED', severity: 'warning', why: 'it broke', fix: 'show broken' }],
    },
    {
      name: 'ours',
      seen: 'E8008_AUTHORITY',
      findings: [
        {
          code: 'E8008_AUTHORITY',
          severity: 'warning',
          why: 'The authority is damaged.',
          fix: 'serve8008 trust --renew',
        },
      ],
    },
    { name: 'good', seen: 'fine', findings: [] },
  ])
})

test('shows a line for each check, and a command for each finding that stays on one line', () => {
  const results = [
    { name: 'node', seen: '22.1.0', findings: [] },
    { name: 'ports', seen: '8008 in use', findings: [note('D8008_PORT', 'It is in use.', 'serve8008 free 8008')] },
    {
      name: 'proxies',
      seen: 'http_proxy=http://proxy.example.test:3128/\u001b[2J',
      findings: [
        warning(
          'D8008_PROXY',
          'A sentence that is longer than the columns that are left has to be broken at a word, as here.',
          'export NO_PROXY=localhost,127.0.0.1,::1,one.example.test,two.example.test no_proxy=localhost',
        ),
      ],
    },
  ]
  assert.equal(
    renderResults(results, { isTerminal: true, color: false, columns: 60 }),
    [
      '  ok    node     22.1.0',
      '  note  ports    8008 in use',
      '                 It is in use.',
      '                 serve8008 free 8008',
      '  warn  proxies  http_proxy=http://proxy.example.test:3128/\\x1b[2J',
      '                 A sentence that is longer than the columns',
      '                 that are left has to be broken at a word,',
      '                 as here.',
      '                 export NO_PROXY=localhost,127.0.0.1,::1,one.example.test,two.example.test no_proxy=localhost',
      '',
      '1 of 3 checks found something to fix.',
      '',
    ].join('\n'),
  )
})
